pub fn bubble_sort<T>(items: &mut [T]) -> usize {
    let mut swaps = 0;
    for end in (1..items.len()).rev() {
        for i in 0..end {
            if items[i] > items[i + 1] {
                items.swap(i, i + 1);
                swaps += 1;
            }
        }
    }
    swaps
}
