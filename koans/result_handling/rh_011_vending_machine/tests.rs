#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sells_until_it_is_empty() {
        let mut slots = [Slot { price: 120, left: 1 }];
        assert_eq!(buy(&mut slots, 0, 200), Ok(80));
        assert_eq!(slots[0].left, 0);
        assert_eq!(buy(&mut slots, 0, 200), Err("sold out".to_string()));
    }

    #[test]
    fn says_what_is_wrong() {
        let mut slots = [Slot { price: 120, left: 4 }];
        assert_eq!(buy(&mut slots, 0, 100), Err("20 missing".to_string()));
        assert_eq!(buy(&mut slots, 3, 500), Err("no such button".to_string()));
        assert_eq!(slots[0].left, 4);
    }
}
