pub struct Peak<T> {
    pub highest: Option<T>,
    pub updates: u32,
}

impl<T> Peak<T> {
    pub fn feed(&mut self, value: T) {
        let higher = match &self.highest {
            Some(old) => value > *old,
            None => true,
        };
        if higher {
            self.highest = Some(value);
            self.updates += 1;
        }
    }
}
