#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_over_the_tolerance() {
        let report = evaluate("28km/h 33 34km/h ?? 51 30", 3);
        assert_eq!(report, Report { passed: 5, fined: 2, worst: Some(51) });
    }

    #[test]
    fn quiet_morning() {
        assert_eq!(evaluate("29 30", 0), Report { passed: 2, fined: 0, worst: None });
    }
}
