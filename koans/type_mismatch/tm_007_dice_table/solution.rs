pub const EVENTS: [&str; 11] = [
    "snake eyes", "storm", "calm", "fish", "market", "thief", "market", "fish", "calm", "storm", "feast",
];

pub fn event(first: u8, second: u8) -> Option<&'static str> {
    let faces = 1..=6;
    if !faces.contains(&first) || !faces.contains(&second) {
        return None;
    }
    let sum = first + second;
    Some(EVENTS[sum as usize - 2])
}

pub fn is_lucky(first: u8, second: u8) -> bool {
    matches!(event(first, second), Some("feast" | "fish"))
}
