#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_roots() {
        assert!((square_root(9.0).0 - 3.0).abs() < 1e-6);
        assert!((square_root(2.0).0 - std::f64::consts::SQRT_2).abs() < 1e-6);
    }

    #[test]
    fn stops_early() {
        let (_, rounds) = square_root(16.0);
        assert!(rounds > 1 && rounds < 20);
    }
}
