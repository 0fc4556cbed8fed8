#[derive(Default)]
pub struct Average {
    games: u32,
    mean: f32,
}

impl Average {
    pub fn add(&mut self, points: f32) -> f32 {
        self.games += 1;
        self.mean += (points - self.mean) / self.games as f32;
        self.mean
    }

    pub fn summary(&self) -> String {
        format!("{:.1} in {} games", self.mean, self.games)
    }
}
