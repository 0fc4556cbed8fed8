#[cfg(test)]
mod tests {
    use super::*;

    fn theatre() -> Theatre {
        Theatre { prices: HashMap::from([('A', 60), ('B', 45), ('Z', 3)]), discount: 5 }
    }

    #[test]
    fn rows_with_a_price() {
        assert_eq!(theatre().price('A', false), 60);
        assert_eq!(theatre().price('B', true), 40);
    }

    #[test]
    fn other_rows_cost_the_standard() {
        assert_eq!(theatre().price('K', false), STANDARD);
        assert_eq!(theatre().price('K', true), STANDARD - 5);
    }

    #[test]
    fn never_below_the_discount() {
        assert_eq!(theatre().price('Z', true), 3);
    }
}
