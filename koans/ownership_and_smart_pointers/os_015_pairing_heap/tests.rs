#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_order() {
        let mut heap = Heap::default();
        for key in [5, 2, 9, 2, 7] {
            heap.push(key);
        }
        let sorted: Vec<u32> = std::iter::from_fn(|| heap.pop()).collect();
        assert_eq!(sorted, [2, 2, 5, 7, 9]);
        assert_eq!(heap.pop(), None);
    }
}
