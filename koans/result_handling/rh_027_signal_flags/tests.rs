#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_digits() {
        assert_eq!(spell("k 9!"), [Flag::Answer, Flag::Letter('K'), Flag::Digit(9)]);
        assert_eq!(spell("?"), [Flag::Answer]);
    }

    #[test]
    fn digits_take_longer() {
        assert_eq!(hoists(&spell("A3")), 6);
    }
}
