#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_and_replaces() {
        let mut board = Board::empty();
        let e4 = Square { file: 'e', rank: 4 };
        assert_eq!(board.put(e4, 'N'), None);
        assert_eq!(board.put(e4, 'q'), Some('N'));
    }

    #[test]
    fn squares_differ() {
        let mut board = Board::empty();
        board.put(Square { file: 'a', rank: 1 }, 'R');
        assert_eq!(board.put(Square { file: 'a', rank: 2 }, 'P'), None);
    }
}
