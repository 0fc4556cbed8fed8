#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_is_enough() {
        assert!(passed(&[5, 1, 4], &[10, 5, 5]));
        assert!(!passed(&[5, 1, 3], &[10, 5, 5]));
    }

    #[test]
    fn every_task_counts() {
        assert!(!passed(&[10, 0], &[10, 1]));
        assert!(!passed(&[10], &[10, 1]));
    }

    #[test]
    fn marks() {
        assert_eq!(mark(27, 30), 'A');
        assert_eq!(mark(16, 30), 'C');
        assert_eq!(mark(0, 0), 'F');
    }
}
