#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks() {
        assert_eq!(mask("otter", &['t', 'e']), "_tte_");
        assert_eq!(mask("otter", &[]), "_____");
    }

    #[test]
    fn last_letter_wins() {
        assert_eq!(guess("bee", vec!['e'], 'b'), ("bee".to_string(), true));
    }

    #[test]
    fn wrong_letter() {
        assert_eq!(guess("bee", vec!['b'], 'x'), ("b__".to_string(), false));
    }
}
