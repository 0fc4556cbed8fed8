use std::collections::HashMap;

pub struct SpellBook {
    pages: HashMap<&'static str, Box<dyn Fn(i64) -> i64>>,
}

impl SpellBook {
    pub fn beginner() -> SpellBook {
        let mut book = SpellBook { pages: HashMap::new() };
        book.learn("double", |n| 2 * n);
        book.learn("flip", |n| -n);
        book
    }

    pub fn learn(&mut self, name: &'static str, spell: impl Fn(i64) -> i64 + 'static) {
        self.pages.insert(name, Box::new(spell));
    }

    pub fn cast(&self, words: &str, start: i64) -> Option<i64> {
        words.split_whitespace().try_fold(start, |n, word| {
            let spell = self.pages.get(word)?;
            Some(spell(n))
        })
    }
}
