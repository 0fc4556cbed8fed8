#[cfg(test)]
mod tests {
    use super::*;

    fn speed() -> Formula {
        Formula::Ratio {
            over: Box::new(Formula::Scaled(2.0, Box::new(Formula::Named("way".to_string())))),
            under: Box::new(Formula::Named("time".to_string())),
        }
    }

    #[test]
    fn two_ways_over_time() {
        let known = HashMap::from([("way".to_string(), 6.0), ("time".to_string(), 4.0)]);
        assert_eq!(speed().evaluate(&known), Some(3.0));
        assert_eq!(Formula::Constant(1.5).evaluate(&known), Some(1.5));
    }

    #[test]
    fn no_answer() {
        let still = HashMap::from([("way".to_string(), 6.0), ("time".to_string(), 0.0)]);
        assert_eq!(speed().evaluate(&still), None);
        assert_eq!(speed().evaluate(&HashMap::new()), None);
    }
}
