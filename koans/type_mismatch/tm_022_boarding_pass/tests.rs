#[cfg(test)]
mod tests {
    use super::*;

    fn passenger(miles: u32) -> Passenger {
        Passenger { name: " Ana Gil".to_string(), row: 12, seat: 'C', miles }
    }

    #[test]
    fn economy() {
        let printed = pass(&passenger(900), "economy");
        assert_eq!(printed, Pass { title: "Ana Gil".to_string(), seat: "12C".to_string(), lounge: false });
    }

    #[test]
    fn others() {
        assert_eq!(pass(&passenger(60_000), "first").title, " ANA GIL (F)");
        assert_eq!(pass(&passenger(60_000), "staff").title, " Ana Gil [staff]");
        assert!(pass(&passenger(60_000), "first").lounge);
    }
}
