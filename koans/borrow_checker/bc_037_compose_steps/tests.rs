#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_in_order() {
        let f = compose(|t| t + "b", |t| t.repeat(2));
        assert_eq!(f("a".to_string()), "abab");
    }

    #[test]
    fn shouts() {
        assert_eq!(shout("  hello "), "HELLO!");
    }
}
