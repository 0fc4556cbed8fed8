#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_at_the_limit() {
        assert_eq!(admitted(10, 3), 3);
        assert_eq!(admitted(2, 3), 2);
    }

    #[test]
    fn limiters_are_independent() {
        let (mut a, mut b) = (limiter(1), limiter(1));
        assert!(a() && b());
        assert!(!a());
    }
}
