#[cfg(test)]
mod tests {
    use super::*;

    fn trip() -> Trip {
        let leg = |to: &str, km| Leg { to: to.to_string(), km };
        Trip { legs: vec![leg("Oslo", 40), leg("Bergen", 460)] }
    }

    #[test]
    fn adds_up_distance() {
        assert_eq!(trip().km(), 500);
    }

    #[test]
    fn records_every_leg() {
        let record = trip().record();
        assert!(record.starts_with("500 km: ["));
        assert!(record.contains("Leg { to: \"Bergen\", km: 460 }"));
    }
}
