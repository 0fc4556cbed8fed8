use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq)]
pub struct Thing {
    pub what: String,
    pub days: u32,
}

#[derive(Default)]
pub struct Office {
    shelves: BTreeMap<u8, Vec<Thing>>,
}

impl Office {
    pub fn hand_in(&mut self, line: u8, what: &str) {
        let thing = Thing { what: what.to_string(), days: 0 };
        self.shelves.entry(line).or_default().push(thing);
    }

    pub fn next_day(&mut self) {
        for thing in self.shelves.values_mut().flatten() {
            thing.days += 1;
        }
    }

    pub fn on_line(&self, line: u8) -> &[Thing] {
        self.shelves.get(&line).map_or(&[], |shelf| shelf.as_slice())
    }
}
