#[cfg(test)]
mod tests {
    use super::*;

    fn cart() -> Cart {
        let item = |name: &str, cents| Item { name: name.to_string(), cents };
        Cart { items: vec![item("lamp", 2000), item("bulb", 350)] }
    }

    #[test]
    fn lowers_prices() {
        let mut cart = cart();
        assert_eq!(discount(&mut cart, 10), 235);
        assert_eq!(cart.items[0].cents, 1800);
    }

    #[test]
    fn zero_percent_changes_nothing() {
        let mut cart = cart();
        assert_eq!(discount(&mut cart, 0), 0);
        assert_eq!(cart.items[1].cents, 350);
    }
}
