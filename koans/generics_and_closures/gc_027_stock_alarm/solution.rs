use std::collections::BTreeMap;

pub struct Store {
    pub stock: BTreeMap<String, u32>,
    pub sold_a_day: BTreeMap<String, u32>,
}

impl Store {
    fn days_left(&self, good: &str, pieces: u32) -> Option<u32> {
        let daily = self.sold_a_day.get(good).copied()?;
        pieces.checked_div(daily)
    }

    pub fn to_order(&self, days: u32) -> Vec<&str> {
        self.stock
            .iter()
            .filter(|(good, pieces)| matches!(self.days_left(good, **pieces), Some(left) if left < days))
            .map(|(good, _)| good.as_str())
            .collect()
    }
}
