#[cfg(test)]
mod tests {
    use super::*;

    fn auction() -> Auction {
        Auction { best: Money(10.0), leader: None }
    }

    #[test]
    fn higher_bids_win() {
        let mut lot = auction();
        assert!(lot.bid("ann", Money(12.5)));
        assert!(lot.bid("ben", Money(13.0)));
        assert_eq!(lot.leader.as_deref(), Some("ben"));
        assert_eq!(lot.best, Money(13.0));
    }

    #[test]
    fn equal_bids_lose() {
        let mut lot = auction();
        assert!(!lot.bid("ann", Money(10.0)));
        assert_eq!(lot.leader, None);
    }
}
