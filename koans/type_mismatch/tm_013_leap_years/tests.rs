#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn centuries() {
        assert!(is_leap(2000));
        assert!(!is_leap(1900));
        assert!(is_leap(1996));
        assert!(!is_leap(1999));
        assert_eq!((days(2000), days(1900)), (366, 365));
    }

    #[test]
    fn counts_both_ends() {
        assert_eq!(leap_years(1996, 2004), 3);
        assert_eq!(leap_years(2004, 1996), 3);
        assert_eq!(leap_years(2001, 2003), 0);
    }
}
