#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposes() {
        assert_eq!(transpose(vec![vec![1, 2, 3]]), [[1], [2], [3]]);
    }

    #[test]
    fn gram_of_a_small_matrix() {
        assert_eq!(gram(vec![vec![1, 2], vec![3, 4]]), [[10, 14], [14, 20]]);
    }
}
