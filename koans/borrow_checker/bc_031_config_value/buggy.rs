use std::collections::HashMap;

pub struct Config {
    entries: HashMap<String, String>,
}

impl Config {
    pub fn parse(text: &str) -> Config {
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        Config { entries: pairs.map(|(k, v)| (k.to_string(), v.to_string())).collect() }
    }

    pub fn value(&self, key: &str) -> &str {
        let raw = self.entries.get(key).cloned().unwrap_or_default();
        raw.trim()
    }
}
