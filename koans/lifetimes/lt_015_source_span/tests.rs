#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_the_snippet() {
        let span = Span { source: "let answer = 42;", start: 4, end: 10 };
        assert_eq!(snippet(&span), "answer");
    }

    #[test]
    fn numbers_lines() {
        assert_eq!(line_number("a\nb\nc", 0), 1);
        assert_eq!(line_number("a\nb\nc", 4), 3);
    }
}
