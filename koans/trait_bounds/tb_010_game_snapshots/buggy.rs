#[derive(Default)]
pub struct Board {
    pub stones: Vec<u8>,
}

#[derive(Default)]
pub struct Game {
    pub board: Board,
    history: Vec<Board>,
}

impl Game {
    pub fn place(&mut self, cell: u8) {
        self.history.push(self.board.clone());
        self.board.stones.push(cell);
    }

    pub fn take_back(&mut self) {
        if let Some(board) = self.history.pop() {
            self.board = board;
        }
    }
}
