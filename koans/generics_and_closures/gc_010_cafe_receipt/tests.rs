#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_has_its_line() {
        let text = receipt(&[Order::Drink("tea", 280), Order::Cake { pieces: 2 }, Order::Drink("milk", 105)]);
        assert_eq!(text, "tea       2.80\ncake      7.00\nmilk      1.05\ntotal 1085");
    }

    #[test]
    fn an_empty_table() {
        assert_eq!(receipt(&[]), "total 0");
    }
}
