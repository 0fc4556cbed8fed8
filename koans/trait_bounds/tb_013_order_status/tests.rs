#[cfg(test)]
mod tests {
    use super::*;

    fn orders() -> Vec<Order> {
        vec![
            Order { number: 1, status: Status::Paid },
            Order { number: 2, status: Status::Shipped },
            Order { number: 3, status: Status::Paid },
            Order { number: 4, status: Status::Packed },
        ]
    }

    #[test]
    fn lists_paid_orders() {
        assert_eq!(to_pack(&orders()), [1, 3]);
    }

    #[test]
    fn nothing_to_pack() {
        assert!(to_pack(&[Order { number: 9, status: Status::Shipped }]).is_empty());
    }
}
