pub trait Store {
    fn put(&mut self, note: &str);
    fn get(&self, id: usize) -> Option<&String>;
}

#[derive(Default)]
pub struct Memory {
    notes: Vec<String>,
}

impl Store for Memory {
    fn get(&self, id: usize) -> Option<&String> {
        self.notes.get(id)
    }
}
