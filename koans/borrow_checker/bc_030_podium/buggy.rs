pub struct Race {
    /// Seconds, fastest first.
    pub results: Vec<u32>,
}

impl Race {
    pub fn podium(&self) -> &[u32] {
        let ranked = self.results.clone();
        let places = ranked.len().min(3);
        &ranked[..places]
    }

    pub fn winner(&self) -> Option<u32> {
        self.podium().first().copied()
    }
}
