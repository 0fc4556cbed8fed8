#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_by_party() {
        let result = tally(&[("red", 10), ("blue", 7), ("red", 5)]);
        assert_eq!(result["red"], Tally { votes: 15, stations: 2 });
        assert_eq!(result["blue"], Tally { votes: 7, stations: 1 });
    }

    #[test]
    fn no_votes() {
        assert!(tally(&[]).is_empty());
    }
}
