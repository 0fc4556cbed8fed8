pub fn stars(level: u32) -> usize {
    match level {
        0..=9 => 0,
        10..=49 => 1,
        _ => 2,
    }
}

pub fn badge(name: &str, level: u32) -> &str {
    &format!("{name}{}", "*".repeat(stars(level)))
}
