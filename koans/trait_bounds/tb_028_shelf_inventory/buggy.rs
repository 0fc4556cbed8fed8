use std::collections::HashMap;

#[derive(Debug, PartialEq, Eq)]
pub struct Medicine {
    pub name: String,
    pub milligrams: u32,
}

pub fn deliver(shelf: &mut HashMap<Medicine, u32>, boxes: Vec<(Medicine, u32)>) -> u32 {
    for (medicine, count) in boxes {
        *shelf.entry(medicine).or_insert(0) += count;
    }
    shelf.values().sum()
}
