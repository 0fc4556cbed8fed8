use std::collections::HashMap;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Square {
    pub file: char,
    pub rank: u8,
}

pub struct Board {
    pieces: HashMap<Square, char>,
}

impl Board {
    pub fn empty() -> Board {
        Board { pieces: HashMap::new() }
    }

    /// Returns the piece that stood there before.
    pub fn put(&mut self, square: Square, piece: char) -> Option<char> {
        self.pieces.insert(square, piece)
    }
}
