#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evaluates() {
        assert_eq!(Stack::default().eval("2 3 4 * +"), Some(14));
        assert_eq!(Stack::default().eval("7"), Some(7));
    }

    #[test]
    fn rejects_nonsense() {
        assert_eq!(Stack::default().eval("+"), None);
        assert_eq!(Stack::default().eval("one"), None);
    }
}
