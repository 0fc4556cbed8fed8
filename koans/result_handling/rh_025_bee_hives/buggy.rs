#[derive(Default)]
pub struct Apiary {
    hives: Vec<(u16, String)>,
}

impl Apiary {
    pub fn register(&mut self, number: u16, queen: &str) -> Result<usize, String> {
        match self.hives.iter().find(|hive| hive.0 == number) {
            Some((_, other)) => return Err(format!("{number} belongs to {other}")),
            None if queen.trim().is_empty() => return Err("a hive needs a queen"),
            None => self.hives.push((number, queen.trim().to_string())),
        }
        Ok(self.hives.len())
    }

    pub fn queens(&self) -> Vec<&str> {
        self.hives.iter().map(|(_, queen)| queen.as_str()).collect()
    }
}
