#[derive(Debug, PartialEq)]
pub enum Label {
    Fresh,
    Old(String),
}

fn age(packed: u32, today: u32) -> Option<u32> {
    today.checked_sub(packed)
}

pub fn labels(years: &[u32], today: u32, note: String) -> Vec<(u32, Label)> {
    let label_of = move |packed: u32| match age(packed, today) {
        Some(0..=2) => Label::Fresh,
        _ => Label::Old(note.clone()),
    };
    let mut made = Vec::with_capacity(years.len());
    made.extend(years.iter().map(|&year| (year, label_of(year))));
    made
}
