pub struct TideTable {
    pub heights: Vec<i32>,
}

impl TideTable {
    /// Calls `visit` with the hour and the height of every turn.
    pub fn turns(&self, visit: impl Fn(usize, i32)) {
        for (hour, around) in self.heights.windows(3).enumerate() {
            let here = around[1];
            if (here > around[0]) == (here > around[2]) {
                visit(hour + 1, here);
            }
        }
    }

    pub fn highest_turn(&self) -> Option<i32> {
        let mut top = None;
        self.turns(|_, height| top = top.max(Some(height)));
        top
    }
}
