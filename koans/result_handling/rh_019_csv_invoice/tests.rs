#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_lines() {
        assert_eq!(total_cents("tea, 2, 350\ncup,1,1200"), Ok(1900));
        assert_eq!(total_cents(""), Ok(0));
    }

    #[test]
    fn names_the_line() {
        assert_eq!(total_cents("tea,2,350\ncup"), Err("line 2: 1 fields".to_string()));
        assert_eq!(total_cents("tea,two,350"), Err("line 1: count".to_string()));
    }

    #[test]
    fn bad_price() {
        assert!(total_cents("tea,2,cheap").is_err());
    }
}
