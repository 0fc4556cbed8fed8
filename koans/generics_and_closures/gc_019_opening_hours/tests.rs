#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_day_and_by_night() {
        assert_eq!(read("9-17").unwrap().length(), 8);
        assert_eq!(read("22 - 4").unwrap().length(), 6);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert_eq!(read("noon").err(), Some("`noon` has no dash".to_string()));
        assert_eq!(read("9-25").err(), Some("`25` is no hour".to_string()));
    }
}
