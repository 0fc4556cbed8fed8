use std::collections::HashSet;

#[derive(PartialEq, Eq, Hash)]
pub enum Color {
    Black,
    White,
    Rgb(u8, u8, u8),
}

pub fn distinct(strokes: Vec<Color>) -> usize {
    let mut seen: HashSet<Color> = HashSet::new();
    let mut count = 0;
    for color in strokes {
        if seen.insert(color) {
            count += 1;
        }
    }
    count
}
