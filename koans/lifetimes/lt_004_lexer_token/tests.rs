#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn underlines_the_word() {
        assert_eq!(underline(&Token { text: "lte", column: 2 }), "  ^^^");
        assert_eq!(underline(&Token { text: "\u{e9}", column: 0 }), "^");
    }

    #[test]
    fn reports_under_the_line() {
        let token = Token { text: "y", column: 4 };
        assert_eq!(report("x = y", &token, "unknown"), "x = y\n    ^ unknown");
    }
}
