#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_within_limits() {
        let mut bicycle = Bicycle::new(48.0);
        assert_eq!(bicycle.shift(3), 3);
        assert_eq!(bicycle.shift(9), 4);
        assert_eq!(bicycle.shift(-20), 0);
    }

    #[test]
    fn higher_gears_go_further() {
        let mut bicycle = Bicycle::new(48.0);
        assert_eq!(bicycle.metres(2.0), 3.0);
        bicycle.shift(2);
        assert_eq!(bicycle.metres(2.1), 4.2);
    }
}
