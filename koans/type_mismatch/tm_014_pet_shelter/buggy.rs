#[derive(Debug, PartialEq)]
pub struct Animal {
    pub kind: &'static str,
    pub name: &'static str,
    pub days: u16,
}

pub struct Shelter {
    pub animals: Vec<Animal>,
}

impl Shelter {
    pub fn adopt(&mut self, kind: &str) {
        self.animals.sort_by_key(|a| std::cmp::Reverse(a.days));
        match self.animals.iter().position(|a| a.kind == kind) {
            Some(at) => Some(self.animals.remove(at)),
            None => None,
        }
    }
}
