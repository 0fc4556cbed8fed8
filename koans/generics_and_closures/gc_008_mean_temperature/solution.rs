pub struct Reading {
    pub celsius: f64,
    pub valid: bool,
}

fn each_valid(readings: &[Reading], action: impl FnMut(f64)) {
    readings
        .iter()
        .filter(|reading| reading.valid)
        .map(|reading| reading.celsius)
        .for_each(action);
}

pub fn mean(readings: &[Reading]) -> Option<f64> {
    let count = readings.iter().filter(|reading| reading.valid).count();
    if count == 0 {
        return None;
    }
    let mut sum = 0.0;
    each_valid(readings, |celsius| sum += celsius);
    Some(sum / count as f64)
}
