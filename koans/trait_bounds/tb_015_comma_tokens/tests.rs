#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_arguments() {
        assert_eq!(arguments(&lex("a , b , c ) , d")), 3);
        assert_eq!(arguments(&lex("a )")), 1);
    }

    #[test]
    fn lexes_words() {
        assert!(matches!(&lex("a ,")[0], Token::Word(w) if w == "a"));
        assert_eq!(lex("a , b").len(), 3);
    }
}
