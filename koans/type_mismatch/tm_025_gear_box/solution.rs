const SPROCKETS: [f64; 5] = [32.0, 28.0, 24.0, 18.0, 12.0];

pub struct Bicycle {
    gear: i8,
    chainring: f64,
}

impl Bicycle {
    pub fn new(chainring: f64) -> Self {
        Bicycle { gear: 0, chainring }
    }

    /// Up for positive steps; the chain never falls off.
    pub fn shift(&mut self, steps: i8) -> i8 {
        self.gear = (self.gear + steps).clamp(0, SPROCKETS.len() as i8 - 1);
        self.gear
    }

    pub fn metres(&self, circumference: f64) -> f64 {
        let ratio = self.chainring / SPROCKETS[self.gear as usize];
        (ratio * circumference * 100.0).round() / 100.0
    }
}
