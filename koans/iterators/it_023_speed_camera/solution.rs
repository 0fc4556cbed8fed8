pub const LIMIT: u32 = 30;

#[derive(Debug, PartialEq)]
pub struct Report {
    pub passed: usize,
    pub fined: usize,
    pub worst: Option<u32>,
}

fn measured(log: &str) -> Vec<u32> {
    log.split_whitespace().filter_map(|speed| speed.trim_end_matches("km/h").parse().ok()).collect()
}

pub fn evaluate(log: &str, tolerance: u32) -> Report {
    let speeds = measured(log);
    let fined: Vec<u32> = speeds.iter().copied().filter(|speed| *speed > LIMIT + tolerance).collect();
    Report { passed: speeds.len(), fined: fined.len(), worst: fined.iter().copied().max() }
}
