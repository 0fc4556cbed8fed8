use std::collections::HashMap;

#[derive(Default)]
pub struct Bar {
    stamps: HashMap<String, u32>,
    free_cups: u32,
}

impl Bar {
    fn give_away(&mut self) {
        self.free_cups += 1;
    }

    /// True when this cup is free: the tenth one.
    pub fn serve(&mut self, guest: &str) -> bool {
        let stamps = self.stamps.entry(guest.to_lowercase()).or_default();
        *stamps += 1;
        if *stamps < 10 {
            return false;
        }
        self.give_away();
        *stamps = 0;
        true
    }

    pub fn free_cups(&self) -> u32 {
        self.free_cups
    }
}
