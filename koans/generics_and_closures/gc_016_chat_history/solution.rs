use std::collections::HashMap;

pub struct Chat {
    pub topic: String,
    pub members: HashMap<String, Vec<String>>,
}

impl Chat {
    pub fn invite(&mut self, names: &[&str], history: Vec<String>) -> usize {
        names.iter().filter(|name| name.len() > 1).for_each(|name| {
            self.members
                .entry(name.to_lowercase())
                .or_insert(history.clone())
                .push(format!("{name} joined {}", self.topic));
        });
        self.members.len()
    }
}
