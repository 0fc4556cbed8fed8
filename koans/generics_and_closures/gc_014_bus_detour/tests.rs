#[cfg(test)]
mod tests {
    use super::*;

    fn detour() -> Detour {
        Detour { closed: vec!["Mill".to_string(), "Quay".to_string()], instead: "Park".to_string() }
    }

    #[test]
    fn closed_stops_are_replaced() {
        assert_eq!(route(detour(), &["Mill", "Hill", "Quay"]), "Park > Hill > Park");
    }

    #[test]
    fn the_announcer_can_be_asked_again() {
        let announce = announcer(detour());
        assert_eq!(announce("Quay"), "Park");
        assert_eq!(announce("Hill"), "Hill");
    }
}
