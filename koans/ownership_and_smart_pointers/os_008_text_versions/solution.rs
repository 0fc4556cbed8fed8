use std::rc::Rc;

#[derive(Default)]
pub struct Text {
    current: Rc<String>,
    saved: Vec<(u32, Rc<String>)>,
}

impl Text {
    pub fn save(&mut self, day: u32, words: &[&str]) -> usize {
        let version = Rc::new(words.join(" "));
        self.saved.push((day, Rc::clone(&version)));
        let grown = version.len().saturating_sub(self.current.len());
        self.current = version;
        grown
    }

    pub fn restore(&mut self, day: u32) -> bool {
        match self.saved.iter().rev().find(|(saved, _)| *saved <= day) {
            Some((_, version)) => {
                self.current = Rc::clone(version);
                true
            }
            None => false,
        }
    }

    pub fn show(&self) -> &str {
        &self.current
    }
}
