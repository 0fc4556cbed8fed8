pub struct Fleet {
    pub ships: Vec<String>,
    pub flagship: usize,
}

impl Fleet {
    pub fn name(&self) -> String {
        if self.flagship >= self.ships.len() {
            return String::from("nameless fleet");
        }
        let mut name = self.ships[self.flagship];
        name.push_str("'s fleet");
        name
    }
}
