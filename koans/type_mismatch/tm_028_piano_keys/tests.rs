#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(Key(57).name(), "A4");
        assert!(Key(54).is_black());
        assert!(!Key(53).is_black());
        assert_eq!(chord(Key(48)), "C4 E4 G4");
    }

    #[test]
    fn octaves_double() {
        assert_eq!(Key(57).hertz(), 440.0);
        assert_eq!(Key(69).hertz(), 880.0);
    }
}
