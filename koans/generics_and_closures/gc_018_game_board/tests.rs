#[cfg(test)]
mod tests {
    use super::*;

    fn board(text: &str) -> Board<Square> {
        let square = |c| if c == '*' { Square::Mine } else { Square::Empty };
        Board { squares: text.lines().map(|line| line.chars().map(square).collect()).collect() }
    }

    #[test]
    fn corners_and_middle() {
        let board = board("*.*\n...\n.*.");
        assert_eq!(mines_around(&board, 1, 1), 3);
        assert_eq!(mines_around(&board, 0, 0), 0);
        assert_eq!(mines_around(&board, 2, 2), 1);
    }
}
