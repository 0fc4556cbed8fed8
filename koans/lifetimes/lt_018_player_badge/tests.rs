#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_stars() {
        assert_eq!(badge("kim", 3), "kim");
        assert_eq!(badge("kim", 12), "kim*");
        assert_eq!(badge("kim", 80), "kim**");
    }

    #[test]
    fn star_borders() {
        assert_eq!((stars(9), stars(10), stars(50)), (0, 1, 2));
    }
}
