/// Months are counted from the year 0.
pub struct Permit {
    pub district: String,
    pub last_month: u32,
}

fn number(digits: &str, most: u32) -> Option<u32> {
    digits.trim().parse().ok().filter(|number| *number <= most)
}

impl Permit {
    pub fn new(district: &str, year: u32, month: u32) -> Self {
        Permit { district: district.to_uppercase(), last_month: year * 12 + month }
    }

    pub fn extend(&mut self, months: &str) {
        self.last_month += number(months.trim_start_matches('+'), 24)?;
    }

    pub fn valid(&self, year: u32, month: u32) -> bool {
        self.last_month >= year * 12 + month
    }
}
