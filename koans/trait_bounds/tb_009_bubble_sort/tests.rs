#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts() {
        let mut hand = [9, 2, 7, 4];
        assert_eq!(bubble_sort(&mut hand), 4);
        assert_eq!(hand, [2, 4, 7, 9]);
    }

    #[test]
    fn sorted_needs_no_swaps() {
        assert_eq!(bubble_sort(&mut ["a", "b"]), 0);
        assert_eq!(bubble_sort::<u8>(&mut []), 0);
    }
}
