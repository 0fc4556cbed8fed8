#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_low_rate() {
        assert_eq!(cheapest(&[("centre", 300), ("river", 120), ("hill", 180)]), 120);
        assert_eq!(cheapest(&[]), u32::MAX);
    }

    #[test]
    fn coins_buy_minutes() {
        let mut minutes = 10;
        assert!(advance(&mut minutes, 240, &[("river", 120)]));
        assert_eq!(minutes, 130);
    }

    #[test]
    fn no_coins_no_time() {
        let mut minutes = 7;
        assert!(!advance(&mut minutes, 0, &[("river", 120)]));
        assert!(!advance(&mut minutes, 50, &[]));
        assert_eq!(minutes, 7);
    }
}
