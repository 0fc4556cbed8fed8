#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_places() {
        let race = Race { results: vec![61, 64, 66, 70] };
        assert_eq!(race.podium(), [61, 64, 66]);
        assert_eq!(race.winner(), Some(61));
    }

    #[test]
    fn small_races() {
        assert_eq!(Race { results: vec![59] }.podium(), [59]);
        assert_eq!(Race { results: vec![] }.winner(), None);
    }
}
