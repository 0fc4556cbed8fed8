pub struct Reading {
    pub hour: u8,
    pub celsius: f64,
}

pub fn coldest(log: &[Reading]) -> Option<u8> {
    let mut best: Option<&Reading> = None;
    for reading in log {
        match best {
            Some(b) if b.celsius <= reading.celsius => {}
            _ => best = Some(reading),
        }
    }
    best.map(|r| r.hour)
}
