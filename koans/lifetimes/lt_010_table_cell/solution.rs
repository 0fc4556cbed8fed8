use std::fmt;

pub struct Cell<'a> {
    pub content: &'a str,
    pub width: usize,
}

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "[{:>width$}]", self.content, width = self.width)
    }
}

pub fn row(contents: &[&str], width: usize) -> String {
    contents.iter().map(|content| Cell { content, width }.to_string()).collect()
}
