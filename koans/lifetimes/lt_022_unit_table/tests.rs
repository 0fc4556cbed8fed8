#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts() {
        assert_eq!(to_meters(2.5, "km"), Some(2500.0));
        assert_eq!(to_meters(3.0, "m"), Some(3.0));
    }

    #[test]
    fn unknown_unit() {
        assert_eq!(to_meters(1.0, "mile"), None);
        assert_eq!(UNITS.len(), 3);
    }
}
