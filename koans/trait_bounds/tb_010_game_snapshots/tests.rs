#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_moves_back() {
        let mut game = Game::default();
        game.place(4);
        game.place(8);
        game.take_back();
        assert_eq!(game.board.stones, [4]);
    }

    #[test]
    fn nothing_to_take_back() {
        let mut game = Game::default();
        game.take_back();
        assert!(game.board.stones.is_empty());
    }
}
