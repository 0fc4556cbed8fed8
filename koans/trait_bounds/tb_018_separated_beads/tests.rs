#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_spacers_between() {
        assert_eq!(intersperse(vec![1, 2, 3], 0), [1, 0, 2, 0, 3]);
        assert_eq!(dashed("abc"), "a-b-c");
    }

    #[test]
    fn one_bead_needs_none() {
        assert_eq!(intersperse(vec!["x"], "o"), ["x"]);
        assert_eq!(dashed(""), "");
    }
}
