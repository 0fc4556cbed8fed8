pub const LITRES_PER_MM: f64 = 0.85;

pub struct Barrel {
    pub litres: f64,
    pub roof_m2: u32,
    pub capacity: f64,
}

impl Barrel {
    pub fn rain(&mut self, millimetres: f64) -> f64 {
        let caught = millimetres * self.roof_m2 as f64 * LITRES_PER_MM;
        self.litres = (self.litres + caught).min(self.capacity);
        self.litres
    }

    pub fn days(&self, beds: &[u32]) -> u32 {
        let daily: u32 = beds.iter().sum();
        (self.litres as u32).checked_div(daily).unwrap_or(u32::MAX)
    }
}
