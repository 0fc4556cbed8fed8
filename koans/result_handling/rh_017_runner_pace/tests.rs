#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times() {
        assert_eq!(seconds("12:05").unwrap(), 725);
        assert_eq!(seconds(" 0:59\n").unwrap(), 59);
    }

    #[test]
    fn refuses() {
        assert!(seconds("1205").is_err());
        assert!(seconds("3:75").is_err());
        assert!(seconds("x:10").is_err());
    }

    #[test]
    fn only_valid_times_count() {
        assert_eq!(fastest(&["5:00", "none", "4:30"]), Some(270));
        assert_eq!(fastest(&["?"]), None);
    }
}
