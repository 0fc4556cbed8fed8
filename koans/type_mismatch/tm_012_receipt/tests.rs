#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_article() {
        let text = receipt(&[Article { label: "tea", cents: 250 }]);
        assert_eq!(text, "tea       2.50\ntotal     2.50");
    }

    #[test]
    fn adds_up() {
        let text = receipt(&[Article { label: "jam", cents: 399 }, Article { label: "rolls", cents: 1206 }]);
        assert!(text.ends_with("total    16.05"));
        assert_eq!(text.lines().count(), 3);
    }

    #[test]
    fn nothing_bought() {
        assert_eq!(receipt(&[]), "total     0.00");
    }
}
