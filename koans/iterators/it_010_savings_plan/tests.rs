#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interest_then_deposit() {
        assert_eq!(grow(1000, 100, 10, 1), 1100);
        assert_eq!(grow(1000, 100, 10, 2), 1310);
        assert_eq!(grow(70, 5, 1, 0), 70);
    }

    #[test]
    fn patience() {
        assert_eq!(years_until(50, 60, 0), Some(0));
        assert_eq!(years_until(300, 100, 100), Some(3));
        assert_eq!(years_until(10, 0, 0), None);
    }
}
