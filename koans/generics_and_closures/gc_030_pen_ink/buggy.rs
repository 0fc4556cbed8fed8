pub struct Pen {
    pub width: usize,
    pub dark: fn(char) -> bool,
}

impl Pen {
    pub fn lines(&self, text: &str) -> usize {
        text.chars().count() / self.width + 1
    }

    /// Ink for a text: dark letters cost two, the first letter of a line one more.
    pub fn ink(&self, text: &str) -> usize {
        let start = 0;
        text.chars().enumerate().fold(start, |used, column, letter| {
            let fresh = column % self.width == 0;
            used + usize::from(fresh) + if (self.dark)(letter) { 2 } else { 1 }
        })
    }
}
