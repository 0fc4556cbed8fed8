#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_parts() {
        let permit = Permit::read("KR-2027-04");
        assert_eq!((permit.district.as_str(), permit.last_month), ("KR", 24328));
        assert_eq!(Permit::read("KR-2027-13").last_month, 0);
        assert_eq!(Permit::read("KR").district, "KR");
    }

    #[test]
    fn until_the_month_is_over() {
        let permit = Permit::read("KR-2027-04");
        assert!(permit.valid(2027, 4));
        assert!(!permit.valid(2027, 5));
    }
}
