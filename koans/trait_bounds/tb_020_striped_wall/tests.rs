#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paints_stripes() {
        let mut fence = ['w'; 5];
        assert_eq!(paint_every_other(&mut fence, &'r'), 3);
        assert_eq!(fence, ['r', 'w', 'r', 'w', 'r']);
    }

    #[test]
    fn works_with_numbers() {
        let mut planks = [0, 0];
        assert_eq!(paint_every_other(&mut planks, &9), 1);
        assert_eq!(planks, [9, 0]);
        assert!(!is_uniform(&planks));
        assert!(is_uniform(&["r", "r"]));
    }
}
