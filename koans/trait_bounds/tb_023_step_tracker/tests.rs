#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_per_day() {
        let mut tracker = Tracker::new("Eva");
        assert_eq!(tracker.walk(4000), 4000);
        assert_eq!(tracker.walk(8000), 6000);
    }

    #[test]
    fn starts_empty() {
        let tracker = Tracker::new("Eva");
        assert_eq!((tracker.week.steps, tracker.week.days), (0, 0));
        assert_eq!(tracker.person, "Eva");
    }
}
