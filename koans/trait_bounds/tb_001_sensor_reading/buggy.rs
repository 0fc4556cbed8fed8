pub struct Reading {
    pub sensor: u8,
    pub value: i32,
}

pub fn complaint(reading: &Reading, max: i32) -> Option<String> {
    if reading.value <= max {
        return None;
    }
    Some(format!("out of range: {reading:?}"))
}

pub fn complaints(readings: &[Reading], max: i32) -> Vec<String> {
    readings.iter().filter_map(|r| complaint(r, max)).collect()
}
