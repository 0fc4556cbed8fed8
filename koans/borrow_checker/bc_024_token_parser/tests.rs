#[cfg(test)]
mod tests {
    use super::*;

    fn parser() -> Parser {
        Parser { tokens: vec![Token::Name("x".to_string()), Token::Number(3)], pos: 0 }
    }

    #[test]
    fn walks_through() {
        let mut p = parser();
        assert_eq!(p.advance(), Token::Name("x".to_string()));
        assert_eq!(p.advance(), Token::Number(3));
        assert_eq!(p.advance(), Token::End);
    }

    #[test]
    fn stays_at_the_end() {
        let mut p = parser();
        for _ in 0..5 {
            p.advance();
        }
        assert_eq!((p.pos, p.advance()), (2, Token::End));
    }
}
