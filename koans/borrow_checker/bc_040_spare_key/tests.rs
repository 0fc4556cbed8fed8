#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guest_gets_the_key() {
        let mut hotel = Hotel { book: Vec::new() };
        assert_eq!(hotel.check_in("Ines", 12), Key { room: 12, tag: "R12".to_string() });
    }

    #[test]
    fn book_knows_the_guest() {
        let mut hotel = Hotel { book: Vec::new() };
        let key = hotel.check_in("Ines", 3);
        assert_eq!(hotel.book, [("Ines".to_string(), key)]);
    }
}
