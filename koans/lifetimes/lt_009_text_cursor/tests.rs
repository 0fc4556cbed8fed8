#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_blanks() {
        let mut cursor = Cursor { text: "   ab", pos: 0 };
        assert_eq!(cursor.skip_blanks(), 3);
        assert_eq!(cursor.peek(), Some('a'));
    }

    #[test]
    fn end_of_text() {
        let mut cursor = Cursor { text: "  ", pos: 1 };
        assert_eq!(cursor.skip_blanks(), 1);
        assert_eq!(cursor.peek(), None);
    }
}
