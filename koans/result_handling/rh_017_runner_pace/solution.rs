use std::error::Error;

pub fn seconds(time: &str) -> Result<u32, Box<dyn Error>> {
    let (minutes, rest) = time.trim().split_once(':').ok_or("no colon")?;
    let minutes: u32 = minutes.parse()?;
    let rest: u32 = rest.parse()?;
    if rest > 59 {
        return Err("a minute has 60 seconds".into());
    }
    Ok(minutes * 60 + rest)
}

pub fn fastest(times: &[&str]) -> Option<u32> {
    times.iter().filter_map(|time| seconds(time).ok()).min()
}
