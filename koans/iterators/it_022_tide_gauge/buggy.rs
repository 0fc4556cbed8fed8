/// Water level in centimetres; a stuck float repeats the same one.
pub fn trusted(levels: &[i32], low: i32, high: i32) -> Vec<i32> {
    let mut kept: Vec<i32> =
        levels.iter().filter(|level| (low..=high).contains(level)).collect();
    kept.dedup();
    kept
}

pub fn swing(levels: &[i32]) -> i32 {
    let kept = trusted(levels, -300, 900);
    match (kept.iter().max(), kept.iter().min()) {
        (Some(top), Some(bottom)) => top - bottom,
        _ => 0,
    }
}
