#[derive(PartialEq, Eq)]
pub enum Level {
    Trace,
    Info,
    Error,
}

pub fn level_of(line: &str) -> Level {
    match line.split(' ').next() {
        Some("E") => Level::Error,
        Some("I") => Level::Info,
        _ => Level::Trace,
    }
}

pub fn filter(log: &str, from: Level) -> Vec<&str> {
    log.lines().filter(|line| level_of(line) >= from).collect()
}
