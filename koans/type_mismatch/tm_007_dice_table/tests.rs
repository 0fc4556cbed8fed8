#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_up_the_sum() {
        assert_eq!(event(1, 1), Some("snake eyes"));
        assert_eq!(event(6, 1), Some("thief"));
        assert_eq!(event(6, 6), Some("feast"));
    }

    #[test]
    fn dice_have_six_faces() {
        assert_eq!(event(0, 4), None);
        assert_eq!(event(3, 7), None);
    }

    #[test]
    fn luck() {
        assert!(is_lucky(2, 3));
        assert!(!is_lucky(2, 2));
    }
}
