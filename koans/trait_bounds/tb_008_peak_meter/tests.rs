#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_highest() {
        let mut peak = Peak { highest: None, updates: 0 };
        for value in [2.5, 1.0, 7.25, 3.0] {
            peak.feed(value);
        }
        assert_eq!(peak.highest, Some(7.25));
        assert_eq!(peak.updates, 2);
    }

    #[test]
    fn equal_is_no_update() {
        let mut peak = Peak { highest: Some('m'), updates: 0 };
        peak.feed('m');
        assert_eq!(peak.updates, 0);
    }
}
