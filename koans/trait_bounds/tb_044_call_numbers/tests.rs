#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_shelf_order() {
        let mut library = Library::default();
        assert!(library.place("B12", "Tides"));
        assert!(library.place("A300", "Moss"));
        assert!(library.place("B7", "Salt"));
        assert!(!library.place("B7", "Sand"));
        assert_eq!(library.walk(), ["Moss", "Sand", "Tides"]);
    }

    #[test]
    fn odd_marks() {
        assert!(!Library::default().place("b7", "Dust"));
        assert!(ShelfMark::parse("").is_none());
        assert_eq!(ShelfMark::parse("C40").map(|mark| mark.number), Some(40));
    }
}
