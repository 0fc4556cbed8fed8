#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_nesting() {
        assert_eq!(bracket_depth("f(a[1], (b))"), Some(2));
        assert_eq!(bracket_depth("plain"), Some(0));
    }

    #[test]
    fn rejects_unbalanced() {
        assert_eq!(bracket_depth("(()"), None);
        assert_eq!(bracket_depth("a)"), None);
    }
}
