pub struct Inbox {
    pub ids: Vec<u64>,
    pub pinned: Vec<u64>,
}

impl Inbox {
    pub fn forget_before(&mut self, oldest: u64) -> usize {
        let before = self.ids.len();
        let pinned = &self.pinned;
        self.ids.retain(|id| id >= oldest || pinned.contains(id));
        before - self.ids.len()
    }
}
