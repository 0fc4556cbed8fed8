pub struct Person {
    pub name: String,
}

impl Person {
    pub fn initials(&self) -> &str {
        let letters: String = self.name.split(' ').filter_map(|part| part.chars().next()).collect();
        letters.as_str()
    }

    pub fn is_single_name(&self) -> bool {
        !self.name.contains(' ')
    }
}
