#[cfg(test)]
mod tests {
    use super::*;

    fn account(cents: u64, frozen: bool) -> Shared {
        Rc::new(RefCell::new(Account { cents, frozen }))
    }

    #[test]
    fn moves_money() {
        let (a, b) = (account(500, false), account(20, false));
        assert_eq!(transfer(&a, &b, 150), Ok(170));
        assert_eq!((a.borrow().cents, b.borrow().cents), (350, 170));
    }

    #[test]
    fn refuses() {
        let (a, b) = (account(500, true), account(20, false));
        assert_eq!(transfer(&a, &b, 1), Err("frozen".to_string()));
        assert_eq!(transfer(&b, &a, 21), Err("too little".to_string()));
        assert_eq!(b.borrow().cents, 20);
    }
}
