#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nickname_wins() {
        assert_eq!(preferred("Bo", "Robert"), "Bo");
        assert_eq!(greet("Bo", "Robert"), "Dear Bo,");
    }

    #[test]
    fn name_is_the_fallback() {
        assert_eq!(preferred("  ", "Robert"), "Robert");
        assert_eq!(greet("", "Ann"), "Dear Ann,");
    }
}
