#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_by_two() {
        let loom = Loom { threads: 5, check: 2 };
        assert_eq!(loom.weave(3), ["##..#", "##..#", "..##."]);
    }

    #[test]
    fn dark_ones() {
        let loom = Loom { threads: 4, check: 1 };
        assert_eq!(dark_knots(&loom.weave(4)), 8);
        assert_eq!(dark_knots(&loom.weave(0)), 0);
    }
}
