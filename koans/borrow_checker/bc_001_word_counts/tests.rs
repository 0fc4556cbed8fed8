#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_case() {
        let counts = word_counts("The cat saw the dog");
        assert_eq!(counts["the"], 2);
        assert_eq!(counts.len(), 4);
    }

    #[test]
    fn finds_the_most_frequent() {
        assert_eq!(most_frequent("b a b"), Some("b".to_string()));
        assert_eq!(most_frequent(""), None);
    }
}
