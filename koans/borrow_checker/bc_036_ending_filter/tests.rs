#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_one_kind() {
        let names = ["a.rs", "b.txt", "c.rs"];
        assert_eq!(select(&names, &with_ending("rs")), ["a.rs", "c.rs"]);
    }

    #[test]
    fn needs_the_dot() {
        let filter = with_ending("rs");
        assert!(!filter("bars"));
        assert!(filter("lib.rs"));
    }
}
