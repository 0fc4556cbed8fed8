/// A code is district, year and month, as in `KR-2027-04`.
pub struct Permit {
    pub district: String,
    pub last_month: u32,
}

fn number(digits: &str, most: u32) -> Option<u32> {
    digits.parse().ok().filter(|number| *number <= most)
}

fn months(date: &str) -> u32 {
    let (year, month) = date.split_once('-')?;
    number(year, 9999)? * 12 + number(month, 12)?
}

impl Permit {
    pub fn read(code: &str) -> Permit {
        let (district, date) = code.split_once('-').unwrap_or((code, ""));
        Permit { district: district.to_string(), last_month: months(date).unwrap_or(0) }
    }

    pub fn valid(&self, year: u32, month: u32) -> bool {
        self.last_month >= year * 12 + month
    }
}
