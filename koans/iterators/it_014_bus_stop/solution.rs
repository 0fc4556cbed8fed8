pub const DAY: u32 = 24 * 60;

pub fn wait(timetable: &[u32], now: u32) -> Option<u32> {
    let first = timetable.iter().min()?;
    let next: u32 = timetable.iter().copied().filter(|bus| *bus >= now).min().unwrap_or(first + DAY);
    Some(next - now)
}

pub fn sign(timetable: &[u32], now: u32) -> String {
    match wait(timetable, now) {
        Some(0) => "now".to_string(),
        Some(minutes) => format!("{} h {} min", minutes / 60, minutes % 60),
        None => "no bus".to_string(),
    }
}
