use std::collections::HashMap;

pub struct Prices {
    pub by_code: HashMap<u32, i64>,
}

impl Prices {
    /// The difference to the price before, None for a new code.
    pub fn update(&mut self, code: u32, price: i64) -> Option<i64> {
        let old = self.by_code.get(&code).copied();
        self.by_code.insert(code, price);
        old.map(|before| price - before)
    }
}
