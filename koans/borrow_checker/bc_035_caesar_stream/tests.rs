#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_letters() {
        assert_eq!(encrypt("abc xyz", 3).collect::<String>(), "def abc");
    }

    #[test]
    fn full_turn_changes_nothing() {
        assert_eq!(encrypt("rust!", 26).collect::<String>(), "rust!");
    }
}
