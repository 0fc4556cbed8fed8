pub type Board = [[char; 3]; 3];

pub fn read(text: &str) -> Board {
    let mut board = [[' '; 3]; 3];
    for (row, line) in board.iter_mut().zip(text.lines()) {
        for (cell, mark) in row.iter_mut().zip(line.chars()) {
            *cell = mark;
        }
    }
    board
}

pub fn winner(board: &Board) -> Option<char> {
    for row in board {
        if row[0] != " " && row[0] == row[1] && row[1] == row[2] {
            return Some(row[0]);
        }
    }
    None
}
