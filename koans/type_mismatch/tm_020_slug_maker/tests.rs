#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_words() {
        assert_eq!(slug("  Hello World 2 "), "hello-world-2");
    }

    #[test]
    fn one_dash_is_enough() {
        assert_eq!(slug("Rust -- why?!"), "rust-why");
        assert_eq!(slug("?!"), "");
    }
}
