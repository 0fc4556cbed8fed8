#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pads_numbers_and_words() {
        assert_eq!(table_row(&[1, 22, 333], 3), "|  1| 22|333|");
        assert_eq!(table_row(&["a"], 2), "| a|");
    }

    #[test]
    fn draws_rules() {
        assert_eq!(rule(2, 3), "---+---");
    }
}
