#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_change_places() {
        let mut deck = [1, 2, 3, 4, 5, 6];
        exchange(&mut deck);
        assert_eq!(deck, [4, 5, 6, 1, 2, 3]);
        let mut odd = [1, 2, 3];
        exchange(&mut odd);
        assert_eq!(odd, [2, 1, 3]);
    }

    #[test]
    fn woven_card_by_card() {
        assert_eq!(weave(&[1, 2, 3, 4, 5]), [1, 4, 2, 5, 3]);
    }
}
