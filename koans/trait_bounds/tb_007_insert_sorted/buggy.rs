pub fn insert_sorted<T>(items: &mut Vec<T>, value: T) -> usize {
    let mut at = 0;
    while at < items.len() && items[at] < value {
        at += 1;
    }
    items.insert(at, value);
    at
}

pub fn queue_up(mut ages: Vec<u32>, newcomer: u32) -> Vec<u32> {
    insert_sorted(&mut ages, newcomer);
    ages
}
