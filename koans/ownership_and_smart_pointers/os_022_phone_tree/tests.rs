#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_numbers() {
        let mut phones = Phones::default();
        for (name, number) in [("Mo", 11), ("Al", 22), ("Zoe", 33), ("Bea", 44)] {
            phones.insert(name, number);
        }
        assert_eq!(phones.number("Bea"), Some(44));
        assert_eq!(phones.number("Zoe"), Some(33));
        assert_eq!(phones.number("Mo"), Some(11));
        assert_eq!(phones.number("Nan"), None);
    }
}
