#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotates() {
        assert_eq!(rotated(&['a', 'b', 'c'], 1), ['b', 'c', 'a']);
        assert_eq!(rotated(&[1, 2], 4), [1, 2]);
    }

    #[test]
    fn finds_who_is_on_duty() {
        let crew = ["Mia".to_string(), "Tom".to_string()];
        assert_eq!(on_duty(&crew, 3), Some("Tom".to_string()));
        assert_eq!(on_duty(&[], 3), None);
    }
}
