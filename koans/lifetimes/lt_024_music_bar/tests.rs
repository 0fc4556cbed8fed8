#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_is_missing() {
        assert_eq!(missing(&Bar(&[4, 4, 2], 16)), 6);
        assert_eq!(missing(&Bar(&[16], 12)), 0);
    }

    #[test]
    fn counts_full_bars() {
        assert_eq!(complete(&[Bar(&[8, 8], 16), Bar(&[], 16)]), 1);
    }
}
