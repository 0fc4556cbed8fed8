pub struct Meter {
    pub kwh: u32,
    pub visits: u32,
}

impl Meter {
    pub fn read(&mut self, now: u32) -> String {
        let before = self.kwh;
        self.kwh = now;
        self.visits += 1;
        format!("{before} -> {now}: {} kWh", now - before)
    }
}
