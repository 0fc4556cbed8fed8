use std::collections::HashMap;

pub const STANDARD: u32 = 24;

pub struct Theatre {
    pub prices: HashMap<char, u32>,
    pub discount: u32,
}

impl Theatre {
    pub fn price(&self, row: char, member: bool) -> u32 {
        let full: u32 = self.prices.get(&row).copied().unwrap_or(STANDARD);
        if member && full > self.discount {
            full - self.discount
        } else {
            full
        }
    }
}
