#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_number() {
        assert_eq!(take_digits("x42+7", 1), ("42", 3));
    }

    #[test]
    fn nothing_to_take() {
        assert_eq!(take_digits("abc", 0), ("", 0));
        assert_eq!(take_digits("12", 2), ("", 2));
    }
}
