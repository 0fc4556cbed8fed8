#[derive(Debug, PartialEq)]
pub struct Tank {
    pub litres: u32,
    pub capacity: u32,
}

impl Tank {
    fn room(&self) -> u32 {
        self.capacity - self.litres
    }
}

/// Pumps as much as there is and fits; gives what was pumped.
pub fn pump(tanks: &mut [Tank], from: usize, to: usize) -> u32 {
    let room = tanks[to].room();
    let source = &mut tanks[from];
    let moved = source.litres.min(room);
    let target = &mut tanks[to];
    source.litres -= moved;
    target.litres += moved;
    moved
}
