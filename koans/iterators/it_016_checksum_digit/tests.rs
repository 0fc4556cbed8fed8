#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weighs_places() {
        assert_eq!(check_digit(&[4, 0, 0, 6, 3, 8]), 1);
        assert_eq!(check_digit(&[0, 1]), 7);
    }

    #[test]
    fn cards() {
        assert!(is_valid(&[0, 1, 7]));
        assert!(!is_valid(&[0, 1, 6]));
        assert!(!is_valid(&[0]));
        assert!(!is_valid(&[]));
    }
}
