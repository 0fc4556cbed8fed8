#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows() {
        let mut text = Text::default();
        assert_eq!(text.save(1, &["a", "dog"]), 5);
        assert_eq!(text.save(2, &["a", "dog", "barks"]), 6);
        assert_eq!(text.show(), "a dog barks");
    }

    #[test]
    fn goes_back() {
        let mut text = Text::default();
        text.save(3, &["old"]);
        text.save(7, &["new"]);
        assert!(text.restore(5));
        assert_eq!(text.show(), "old");
        assert!(!text.restore(2));
    }
}
