use std::collections::BTreeMap;

#[derive(Debug, Clone)]
pub struct ShelfMark {
    pub room: char,
    pub number: u32,
}

impl ShelfMark {
    /// Reads marks such as `B204`.
    pub fn parse(text: &str) -> Option<ShelfMark> {
        let room = text.chars().next().filter(char::is_ascii_uppercase)?;
        let number = text[1..].parse().ok()?;
        Some(ShelfMark { room, number })
    }
}

#[derive(Default)]
pub struct Library {
    books: BTreeMap<ShelfMark, String>,
}

impl Library {
    pub fn place(&mut self, mark: &str, title: &str) -> bool {
        let Some(mark) = ShelfMark::parse(mark) else { return false };
        self.books.insert(mark, title.to_string()).is_none()
    }

    pub fn walk(&self) -> Vec<&str> {
        self.books.values().map(String::as_str).collect()
    }
}
