use std::cell::{Cell, RefCell};
use std::collections::HashMap;

#[derive(Default)]
pub struct Grid {
    known: RefCell<HashMap<(u32, u32), u64>>,
    pub counted: Cell<u32>,
}

impl Grid {
    /// Ways from (0, 0) to this cell, going right and down.
    pub fn ways(&self, x: u32, y: u32) -> u64 {
        if x == 0 || y == 0 {
            return 1;
        }
        let before = self.known.borrow().get(&(x, y)).copied();
        before.unwrap_or_else(|| {
            self.counted.set(self.counted.get() + 1);
            let ways = self.ways(x - 1, y) + self.ways(x, y - 1);
            self.known.borrow_mut().insert((x, y), ways);
            ways
        })
    }
}
