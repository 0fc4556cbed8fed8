#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_choices() {
        assert_eq!(menu("soup", &["leek", "onion"]), ["SOUP", "1) leek", "2) onion"]);
    }

    #[test]
    fn own_types_work_too() {
        assert_eq!(menu("hot", &[Coffee(7)]), ["HOT", "1) coffee no. 7"]);
    }
}
