#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_cross_wins() {
        assert_eq!(find_treasure(&["...", "..X", "X.."]), Some((2, 1)));
    }

    #[test]
    fn empty_island() {
        assert_eq!(find_treasure(&["....", "~~~~"]), None);
        assert_eq!(describe(&[]), "nothing but sand");
    }

    #[test]
    fn tells_the_way() {
        assert_eq!(describe(&["~~~", ".X."]), "dig 1 east, 1 south");
    }
}
