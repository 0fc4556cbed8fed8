#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_the_difference() {
        let mut prices = Prices { by_code: HashMap::new() };
        assert_eq!(prices.update(7, 250), None);
        assert_eq!(prices.update(7, 230), Some(-20));
    }

    #[test]
    fn stores_the_latest() {
        let mut prices = Prices { by_code: HashMap::new() };
        prices.update(7, 250);
        prices.update(7, 300);
        assert_eq!(prices.by_code[&7], 300);
    }
}
