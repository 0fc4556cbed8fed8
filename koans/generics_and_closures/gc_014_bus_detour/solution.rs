pub struct Detour {
    pub closed: Vec<String>,
    pub instead: String,
}

pub fn announcer(detour: Detour) -> Box<dyn Fn(&str) -> String> {
    let Detour { closed, instead } = detour;
    Box::new(move |stop| {
        if closed.iter().any(|name| name == stop) {
            instead.clone()
        } else {
            stop.to_string()
        }
    })
}

pub fn route(detour: Detour, stops: &[&str]) -> String {
    let announce = announcer(detour);
    let names: Vec<String> = stops.iter().map(|stop| announce(stop)).collect();
    names.join(" > ")
}
