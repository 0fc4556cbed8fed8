#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_all_chunks() {
        let numbers: Vec<u64> = (1..=100).collect();
        assert_eq!(parallel_sum(&numbers, 7), 5050);
    }

    #[test]
    fn nothing_to_sum() {
        assert_eq!(parallel_sum(&[], 4), 0);
    }
}
