#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_a_gap_for_each_book() {
        let shelf = Shelf { width_mm: 800, books: vec![20, 35, 60000] };
        assert_eq!(shelf.used(), 60058);
    }

    #[test]
    fn knows_when_it_is_full() {
        let shelf = Shelf { width_mm: 100, books: vec![40, 30] };
        assert!(shelf.fits(27));
        assert!(!shelf.fits(28));
    }
}
