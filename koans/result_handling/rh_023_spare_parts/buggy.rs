use std::collections::HashMap;

#[derive(Default)]
pub struct Depot {
    shelves: HashMap<String, u32>,
    replaced_by: HashMap<String, String>,
}

impl Depot {
    pub fn store(&mut self, part: &str, shelf: u32) {
        self.shelves.insert(part.to_string(), shelf);
    }

    pub fn replace(&mut self, old: &str, new: &str) {
        self.replaced_by.insert(old.to_string(), new.to_string());
    }

    pub fn shelf_of(&self, part: &str) -> Option<u32> {
        if let Some(shelf) = self.shelves.get(part) {
            return *shelf;
        }
        let newer = self.replaced_by.get(part)?;
        self.shelves.get(newer).copied()
    }
}
