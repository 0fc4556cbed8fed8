#[cfg(test)]
mod tests {
    use super::*;

    struct Tetra;

    impl Die for Tetra {
        const SIDES: u32 = 4;

        fn read(side: u32) -> String {
            "*".repeat(side as usize + 1)
        }
    }

    #[test]
    fn coins() {
        assert_eq!(flips(&[1, 2, 3, 4]), ["tails", "tails", "heads", "heads"]);
    }

    #[test]
    fn other_dice() {
        let thrown: Vec<usize> = (0..8).map(|seed| throw::<Tetra>(seed, Tetra::SIDES).len()).collect();
        assert_eq!(thrown.iter().max(), Some(&4));
        assert_eq!(thrown[0], 1);
    }
}
