#[cfg(test)]
mod tests {
    use super::*;

    fn slope(degrees: u32, fresh_snow_cm: u32) -> Slope {
        Slope { degrees, fresh_snow_cm }
    }

    #[test]
    fn the_worst_counts() {
        assert_eq!(warning(&[slope(10, 90), slope(38, 45), slope(30, 5)]), Danger::High);
        assert_eq!(warning(&[slope(30, 5), slope(30, 20)]), Danger::Considerable);
        assert_eq!(warning(&[slope(30, 5)]), Danger::Moderate);
    }

    #[test]
    fn flat_land() {
        assert_eq!(warning(&[]), Danger::Low);
    }
}
