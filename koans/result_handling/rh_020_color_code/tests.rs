#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_channels() {
        assert_eq!(parse_color("#ff8000"), Ok(Color(255, 128, 0)));
        assert_eq!(parse_color("#0A0b0C"), Ok(Color(10, 11, 12)));
    }

    #[test]
    fn wrong_form() {
        assert_eq!(parse_color("ff8000"), Err("ff8000 is no colour".to_string()));
        assert!(parse_color("#ff80").is_err());
    }

    #[test]
    fn wrong_digits() {
        assert!(parse_color("#gg0000").is_err());
    }
}
