use std::collections::VecDeque;

pub struct Ring<T> {
    room: usize,
    held: VecDeque<T>,
}

impl<T: Copy> Ring {
    pub fn with_room(room: usize) -> Self {
        Self { room, held: VecDeque::with_capacity(room) }
    }

    /// Puts a value in, and hands back the one that had to go.
    pub fn put(&mut self, value: T) -> Option<T> {
        self.held.push_back(value);
        if self.held.len() > self.room {
            return self.held.pop_front();
        }
        None
    }

    pub fn newest(&self) -> Option<T> {
        self.held.back().copied()
    }
}
