#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peeking_takes_nothing() {
        let mut scanner = Scanner::new("go  -12 miles");
        assert_eq!(*scanner.peek(), Token::Word("go".to_string()));
        assert_eq!(scanner.token(), Token::Word("go".to_string()));
        assert_eq!(scanner.token(), Token::Number(-12));
        assert_eq!(*scanner.peek(), Token::Word("miles".to_string()));
        assert_eq!(*scanner.peek(), Token::Word("miles".to_string()));
        assert_eq!(scanner.token(), Token::Word("miles".to_string()));
        assert_eq!(scanner.token(), Token::End);
    }
}
