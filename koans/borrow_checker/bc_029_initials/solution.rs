pub struct Person {
    pub name: String,
}

impl Person {
    pub fn initials(&self) -> String {
        self.name.split(' ').filter_map(|part| part.chars().next()).collect()
    }

    pub fn is_single_name(&self) -> bool {
        !self.name.contains(' ')
    }
}
