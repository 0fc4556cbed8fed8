#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_ones_stay() {
        assert_eq!(shorten(" Rain tomorrow "), "Rain tomorrow");
    }

    #[test]
    fn long_ones_are_cut_at_a_word() {
        assert_eq!(shorten("Council approves new bridge"), "Council approves");
        assert_eq!(shorten("abcdefghijklmnopqrstuvwxyz"), "abcdefghijklmnopqrst");
    }
}
