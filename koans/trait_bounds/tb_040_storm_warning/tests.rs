#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warns_from_gale_on() {
        let towns = [("Calais", 20), ("Brest", 40), ("Nantes", 90), ("Lyon", 0)];
        assert_eq!(warn(&towns), ["Brest", "Nantes"]);
    }

    #[test]
    fn scale() {
        assert_eq!(from_knots(3), Wind::Calm);
        assert_eq!(from_knots(64), Wind::Hurricane);
        assert!(warn(&[("Lyon", 33)]).is_empty());
    }
}
