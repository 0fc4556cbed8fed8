pub struct Arcade {
    pub start: u32,
    pub games: Vec<(&'static str, u32)>,
}

impl Arcade {
    pub fn to_beat(&self, player: &str) -> u32 {
        let others = self.games.iter().filter(|(name, _)| *name != player);
        others.map(|(_, score)| *score).max().unwrap_or(self.start)
    }

    pub fn leads(&self, player: &str) -> bool {
        let limit = self.to_beat(player);
        self.games.iter().any(|(name, score)| *name == player && *score > limit)
    }
}
