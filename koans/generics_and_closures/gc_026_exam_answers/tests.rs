#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_for_silence() {
        let exam = Exam::new("abca", 2);
        assert_eq!(exam.score("ab?d"), 5);
        assert_eq!(exam.score("ABCA"), 8);
        assert_eq!(exam.score("a"), 2);
    }

    #[test]
    fn passing_needs_two() {
        let exam = Exam::new("abca", 2);
        assert!(exam.passed("ABdd"));
        assert!(exam.passed("a??d"));
        assert!(!exam.passed("dddd"));
    }
}
