pub fn passed(points: &[u16], possible: &[u16]) -> bool {
    if points.len() != possible.len() || points.contains(&0) {
        return false;
    }
    let reached: u16 = points.iter().sum();
    possible.iter().sum::<u16>() <= reached * 2
}

pub fn mark(reached: u16, possible: u16) -> char {
    match reached * 10 / possible.max(1) {
        9.. => 'A',
        7..=8 => 'B',
        5..=6 => 'C',
        _ => 'F',
    }
}
