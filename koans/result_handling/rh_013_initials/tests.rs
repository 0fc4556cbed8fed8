#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names() {
        assert_eq!(initials("ada", "Lovelace"), Some("A.L.".to_string()));
    }

    #[test]
    fn a_name_is_missing() {
        assert_eq!(initials("", "Lovelace"), None);
        assert_eq!(initials("ada", ""), None);
    }

    #[test]
    fn badges() {
        assert_eq!(badge("Grace", "hopper", 7), "G.H. #007");
        assert_eq!(badge("", "", 12), "guest #012");
    }
}
