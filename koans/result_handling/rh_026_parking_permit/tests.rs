#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extended() {
        let mut permit = Permit::new("kr", 2027, 4);
        permit.extend("+ 6");
        assert_eq!((permit.district.as_str(), permit.last_month), ("KR", 24334));
        permit.extend("25");
        permit.extend("six");
        assert!(permit.valid(2027, 10));
        assert!(!permit.valid(2027, 11));
    }

    #[test]
    fn fresh() {
        assert!(Permit::new("B", 2027, 4).valid(2027, 4));
        assert_eq!(Permit::new("B", 0, 4).last_month, 4);
    }
}
