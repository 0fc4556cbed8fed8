pub struct Route {
    pub stops: Vec<&str>,
    pub minutes_per_stop: u32,
}

/// None if either stop is not on the line.
pub fn travel_time(route: &Route, from: &str, to: &str) -> Option<u32> {
    let place = |name: &str| route.stops.iter().position(|stop| *stop == name);
    let (start, end) = (place(from)?, place(to)?);
    let stops = (start as i32 - end as i32).unsigned_abs();
    Some(stops * route.minutes_per_stop)
}
