pub trait Heated {
    fn warm(&mut self, degrees: i32);
    fn is_cosy(&self) -> bool;
}

pub struct House<R> {
    pub rooms: Vec<R>,
    pub used: i32,
}

impl<R> House<R> {
    /// Heats the cold rooms by one degree; whether any was cold.
    pub fn heat(&mut self) -> bool {
        let used = self.used;
        for room in self.rooms.iter_mut() {
            if room.is_cosy() {
                continue;
            }
            Heated::warm(room, 1);
            self.used += 1;
        }
        self.used > used
    }
}
