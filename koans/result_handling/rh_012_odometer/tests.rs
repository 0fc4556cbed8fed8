#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_trips() {
        let mut car = Odometer::default();
        assert!(car.drive("120 km").is_ok());
        assert!(car.drive("30").is_ok());
        assert!(car.needs_service(150));
        assert!(!car.needs_service(151));
    }

    #[test]
    fn unreadable_trips_are_errors() {
        let mut car = Odometer::default();
        assert!(car.drive("far km").is_err());
        assert!(!car.needs_service(1));
        assert!(!car.needs_service(0));
    }
}
