pub struct History<T> {
    pub versions: Vec<T>,
}

impl<T> History<T> {
    /// Puts a copy of version `index` on top and returns how many there are.
    pub fn restore(&mut self, index: usize) -> usize {
        let old = self.versions[index].clone();
        self.versions.push(old);
        self.versions.len()
    }
}
