pub fn column(reference: &str) -> Option<u32> {
    let letter = reference.chars().next()?;
    if !letter.is_ascii_uppercase() {
        return None;
    }
    Some(letter as u32 - 'A' as u32)
}

pub fn locate(reference: &str) -> Option<(u32, u32)> {
    let x: u32 = column(reference)?;
    let y = reference.get(1..)?.parse::<u32>().ok()?;
    if y == 0 {
        None
    } else {
        Some((x, y - 1))
    }
}
