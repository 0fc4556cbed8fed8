#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles() {
        assert_eq!(scale(&[250, 3, 120], 2, 4), Ok(vec![500, 6, 240]));
    }

    #[test]
    fn keeps_a_pinch() {
        assert_eq!(scale(&[400, 1], 4, 1), Ok(vec![100, 1]));
    }

    #[test]
    fn nobody_comes() {
        assert_eq!(scale(&[10], 3, 0), Ok(vec![]));
        assert!(scale(&[10], 0, 3).is_err());
    }
}
