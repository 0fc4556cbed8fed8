pub fn weekday(days_from_monday: u32) -> &str {
    match days_from_monday % 7 {
        0 => "Monday",
        1 => "Tuesday",
        2 => "Wednesday",
        3 => "Thursday",
        4 => "Friday",
        _ => "weekend",
    }
}

pub fn is_free(days_from_monday: u32) -> bool {
    weekday(days_from_monday) == "weekend"
}
