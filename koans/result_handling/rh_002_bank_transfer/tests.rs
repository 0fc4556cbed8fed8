#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_the_money_and_keeps_a_fee() {
        let (mut a, mut b) = (Account { balance: 1000 }, Account { balance: 5 });
        assert_eq!(transfer(&mut a, &mut b, 500), Ok(5));
        assert_eq!((a.balance, b.balance), (495, 505));
    }

    #[test]
    fn says_what_is_missing() {
        let (mut a, mut b) = (Account { balance: 40 }, Account { balance: 0 });
        assert_eq!(transfer(&mut a, &mut b, 60), Err("short of 20".to_string()));
        assert_eq!((a.balance, b.balance), (40, 0));
    }
}
