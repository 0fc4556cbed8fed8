use std::collections::HashMap;

#[derive(Clone, PartialEq, Eq)]
pub enum Key {
    Char(char),
    Ctrl(char),
    Escape,
}

pub struct Keymap {
    pub actions: HashMap<Key, &'static str>,
}

impl Keymap {
    pub fn action(&self, key: &Key) -> &'static str {
        match self.actions.get(key) {
            Some(name) => name,
            None => "ignore",
        }
    }
}
