#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_bookings() {
        assert_eq!(balance_after("ada", &[10_000, -2_550, 50]), 7_500);
    }

    #[test]
    fn starts_at_zero() {
        assert_eq!(balance_after("bob", &[]), 0);
        assert_eq!(Account::open("bob").owner, "bob");
    }
}
