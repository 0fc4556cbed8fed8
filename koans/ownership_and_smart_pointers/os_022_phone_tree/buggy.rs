struct Entry {
    name: &'static str,
    number: u64,
    left: Option<Box<Entry>>,
    right: Option<Box<Entry>>,
}

#[derive(Default)]
pub struct Phones {
    root: Option<Box<Entry>>,
}

impl Phones {
    pub fn insert(&mut self, name: &'static str, number: u64) {
        let mut place = &mut self.root;
        while let Some(entry) = place {
            place = if name < entry.name { &mut entry.left } else { &mut entry.right };
        }
        *place = Some(Box::new(Entry { name, number, left: None, right: None }));
    }

    pub fn number(&self, name: &str) -> Option<u64> {
        let mut place = self.root.as_deref();
        while let Some(entry) = place.filter(|e| e.name != name) {
            let side = if name < entry.name { &entry.left } else { &entry.right };
            place = side.as_ref();
        }
        place.map(|entry| entry.number)
    }
}
