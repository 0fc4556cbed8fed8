#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_days() {
        assert_eq!(weekday(0), "Monday");
        assert_eq!(weekday(10), "Thursday");
    }

    #[test]
    fn weekends_are_free() {
        assert!(is_free(5) && is_free(13));
        assert!(!is_free(8));
    }
}
