#[cfg(test)]
mod tests {
    use super::*;

    fn members(basket: &Basket) -> u32 {
        if basket.member {
            50
        } else {
            0
        }
    }

    #[test]
    fn members_pay_less_but_never_less_than_nothing() {
        let mut till = Till::new(members);
        assert_eq!(till.checkout(&Basket { prices: vec![120, 30], member: false }), 150);
        assert_eq!(till.checkout(&Basket { prices: vec![120, 30], member: true }), 100);
        assert_eq!(till.checkout(&Basket { prices: vec![20], member: true }), 0);
        assert_eq!(till.sold(), 250);
    }
}
