pub struct Room {
    pub number: u32,
    pub seats: u32,
    pub visitors: u32,
}

impl Room {
    pub fn free(&self) -> u32 {
        self.seats.saturating_sub(self.visitors)
    }
}

/// The number of the emptiest room that takes the whole class, or 0: they wait in the hall.
pub fn send(rooms: &[Room], class: u32) -> u32 {
    let mut fitting: Vec<&Room> = rooms.iter().filter(|room| room.free() >= class).collect();
    fitting.sort_by_key(|room| std::cmp::Reverse(room.free()));
    fitting.iter().map(|room| room.number).next().unwrap_or(0)
}
