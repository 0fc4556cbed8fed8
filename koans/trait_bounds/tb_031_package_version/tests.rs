#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_versions() {
        assert!(new_enough("1.10.0", "1.9.3"));
        assert!(new_enough("2.0.1", "2.0.1"));
        assert!(!new_enough("0.9.9", "1.0.0"));
    }

    #[test]
    fn nonsense_is_never_enough() {
        assert!(!new_enough("latest", "1.0.0"));
        assert_eq!(parse("1.2"), None);
    }
}
