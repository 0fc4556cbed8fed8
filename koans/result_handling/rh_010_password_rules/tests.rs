#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_ones_count_their_digits() {
        assert_eq!(check_password("horse77battery1", "mia"), Ok(3));
    }

    #[test]
    fn too_short() {
        assert_eq!(check_password("abc1", "mia"), Err("4 characters too short".to_string()));
    }

    #[test]
    fn user_name_inside() {
        let error = check_password("xxMIA12345", "Mia").unwrap_err();
        assert!(error.contains("user name"));
        assert!(check_password("12345678", "mia").is_err());
    }
}
