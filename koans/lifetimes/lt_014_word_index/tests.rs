#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_only_new_words() {
        let mut seen = vec!["the"];
        assert_eq!(remember(&mut seen, "the cat the hat"), 2);
        assert_eq!(seen, ["the", "cat", "hat"]);
    }

    #[test]
    fn counts_over_lines() {
        assert_eq!(vocabulary("a b\nb c\nc"), 3);
    }
}
