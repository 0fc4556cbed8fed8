#[derive(Debug, PartialEq)]
pub enum LogError {
    Form(String),
    Number(std::num::ParseIntError),
}

pub fn entry(line: &str) -> Result<(u32, u32), LogError> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        ["day", day, miles, "miles"] => {
            let day = day.trim_end_matches(':').parse::<u32>().map_err(LogError::Number)?;
            let miles = miles.parse::<u32>()?;
            Ok((day, miles))
        }
        _ => Err(LogError::Form(line.to_string())),
    }
}
