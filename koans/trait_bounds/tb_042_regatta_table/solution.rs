#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Result {
    pub penalties: u32,
    pub seconds: u64,
    pub boat: String,
}

pub struct Regatta {
    pub results: Vec<Result>,
}

impl Regatta {
    /// Fewest penalties first, then the fastest.
    pub fn table(&self) -> Vec<String> {
        let mut ranked = self.results.clone();
        ranked.sort();
        ranked.iter().enumerate().map(|(i, result)| format!("{}. {}", i + 1, result.boat)).collect()
    }

    pub fn finishers(&self, limit: u64) -> usize {
        self.results.iter().filter(|result| result.seconds <= limit).count()
    }
}
