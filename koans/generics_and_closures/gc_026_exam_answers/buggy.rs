pub struct Exam {
    key: String,
    pub passing: usize,
}

impl Exam {
    pub fn new(key: &str, passing: usize) -> Self {
        Exam { key: key.to_uppercase(), passing }
    }

    /// Points doubled, so that halves are whole numbers.
    pub fn score(&self, answers: &str) -> usize {
        let given = answers.chars().map(|c| c.to_ascii_uppercase());
        let pairs = self.key.chars().zip(given);
        pairs.map(|right, said| if right == said { 2 } else { usize::from(said == '?') }).sum()
    }

    pub fn passed(&self, answers: &str) -> bool {
        self.score(answers) >= 2 * self.passing
    }
}
