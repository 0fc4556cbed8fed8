#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub room: u16,
    pub tag: String,
}

pub struct Hotel {
    pub book: Vec<(String, Key)>,
}

impl Hotel {
    pub fn check_in(&mut self, guest: &str, room: u16) -> Key {
        let key = Key { room, tag: format!("R{room}") };
        self.book.push((guest.to_string(), key.clone()));
        key
    }
}
