#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots() {
        assert!((square_root(6.25).unwrap() - 2.5).abs() < 1e-6);
        assert!((square_root(144.0).unwrap() - 12.0).abs() < 1e-6);
        assert_eq!(square_root(-1.0), None);
    }

    #[test]
    fn settles_or_does_not() {
        assert_eq!(settle(8.0, |x: f64| x / 2.0 + 1.0).map(|x| (x * 1000.0).round()), Some(2000.0));
        assert_eq!(settle(1.0, |x: f64| -x), None);
    }
}
