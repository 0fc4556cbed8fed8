#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Route<'static> {
        Route { stops: vec!["Harbor", "Market", "Castle", "Zoo"], minutes_per_stop: 3 }
    }

    #[test]
    fn both_directions() {
        assert_eq!(travel_time(&line(), "Harbor", "Castle"), Some(6));
        assert_eq!(travel_time(&line(), "Zoo", "Market"), Some(6));
    }

    #[test]
    fn unknown_stop() {
        assert_eq!(travel_time(&line(), "Harbor", "Moon"), None);
    }
}
