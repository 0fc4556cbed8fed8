use std::num::ParseFloatError;

#[derive(Debug, PartialEq)]
pub struct Reading {
    pub room: String,
    pub celsius: f64,
}

pub fn read_line(line: &str) -> Result<Reading, ParseFloatError> {
    let (room, value) = line.split_once('=').unwrap_or(("unknown", line));
    let celsius: f64 = value.trim().parse()?;
    Ok(Reading {
        room: room.trim().to_lowercase(),
        celsius: (celsius * 10.0).round() / 10.0,
    })
}
