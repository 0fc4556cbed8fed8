pub fn hour_hand(hour: u32, minute: u32) -> u32 {
    (hour % 12) * 60 + minute
}

pub fn angle(hour: u32, minute: u32) -> u32 {
    let minute_hand = minute * 12;
    let apart = hour_hand(hour, minute).abs_diff(minute_hand);
    if apart > 360 {
        720 - apart
    } else {
        apart
    }
}
