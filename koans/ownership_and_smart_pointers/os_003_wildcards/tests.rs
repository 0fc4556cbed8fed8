#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_stars() {
        assert!(fits(&parse("*.rs"), "main.rs"));
        assert!(fits(&parse("a*c*"), "abcd"));
        assert!(fits(&parse("*"), ""));
        assert!(fits(&parse(""), ""));
    }

    #[test]
    fn the_whole_text() {
        assert!(!fits(&parse("*.rs"), "main.rst"));
        assert!(!fits(&parse("abc"), "ab"));
    }
}
