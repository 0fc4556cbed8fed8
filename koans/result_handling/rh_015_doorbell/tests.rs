#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_day() {
        assert_eq!(reaction(Ok(2), false), "ring for 2");
        let broken = reaction(Err("no picture".to_string()), false);
        assert!(!is_silent(&broken));
    }

    #[test]
    fn by_night() {
        assert_eq!(reaction(Ok(1), true), "lamp for 1");
        assert_eq!(reaction(Err("dark".to_string()), true), "record: dark");
        assert!(is_silent("lamp for 1"));
    }

    #[test]
    fn a_joke() {
        assert_eq!(reaction(Ok(0), false), "nobody there");
    }
}
