#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_an_entry() {
        assert_eq!(entry("day 12: 140 miles"), Ok((12, 140)));
    }

    #[test]
    fn other_lines_are_handed_back() {
        assert_eq!(entry("fog"), Err(LogError::Form("fog".to_string())));
    }

    #[test]
    fn numbers_must_be_numbers() {
        assert!(matches!(entry("day 3: many miles"), Err(LogError::Number(_))));
        assert!(matches!(entry("day x: 5 miles"), Err(LogError::Number(_))));
    }
}
