pub struct Totals {
    pub steps: u32,
    pub days: u32,
}

pub struct Tracker {
    pub person: String,
    pub week: Totals,
}

impl Tracker {
    pub fn new(person: &str) -> Tracker {
        Tracker { person: person.to_string(), week: Totals::default() }
    }

    pub fn walk(&mut self, steps: u32) -> u32 {
        self.week.steps += steps;
        self.week.days += 1;
        self.week.steps / self.week.days
    }
}
