#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_beats() {
        assert_eq!(beats(".- -."), Ok(10));
        assert_eq!(beats(""), Ok(0));
    }

    #[test]
    fn other_signs() {
        assert_eq!(beats(".x"), Err('x'));
    }

    #[test]
    fn help() {
        assert!(is_distress("... --- ..."));
        assert!(!is_distress("... ---"));
    }
}
