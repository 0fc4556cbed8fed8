#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_every_line() {
        assert_eq!(number_lines("fn main() {\n\n}"), "  1 fn main() {\n\n  3 }");
    }

    #[test]
    fn empty_text() {
        assert_eq!(number_lines(""), "");
    }
}
