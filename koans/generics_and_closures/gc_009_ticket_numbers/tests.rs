#[cfg(test)]
mod tests {
    use super::*;

    fn shown(tickets: &[Ticket]) -> Vec<String> {
        tickets.iter().map(|t| format!("{} {}", t.number, t.name)).collect()
    }

    #[test]
    fn one_after_the_other() {
        assert_eq!(shown(&issue('B', 7, &["Ida", " ", "Tom"])), ["B07 Ida", "B08 Tom"]);
    }

    #[test]
    fn starts_again_after_ninety_nine() {
        assert_eq!(shown(&issue('A', 99, &["Ida", "Tom"])), ["A99 Ida", "A01 Tom"]);
    }
}
