pub struct Board<S> {
    pub squares: Vec<Vec<S>>,
}

impl<S> Board<S> {
    fn at(&self, row: i32, column: i32) -> Option<&S> {
        self.squares.get(row as usize)?.get(column as usize)
    }
}

#[derive(PartialEq)]
pub enum Square {
    Empty,
    Mine,
}

pub fn mines_around(board: &Board<Square>, row: i32, column: i32) -> usize {
    let mut mines = 0;
    for r in row - 1..=row + 1 {
        for c in column - 1..=column + 1 {
            if (r, c) != (row, column) && board.at(r, c) == Some(&Square::Mine) {
                mines += 1;
            }
        }
    }
    mines
}
