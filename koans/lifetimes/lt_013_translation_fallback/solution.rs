use std::collections::HashMap;

pub struct Dictionary {
    pub words: HashMap<String, String>,
}

impl Dictionary {
    pub fn translate<'a>(&'a self, word: &'a str) -> &'a str {
        match self.words.get(word) {
            Some(known) => known,
            None => word,
        }
    }
}
