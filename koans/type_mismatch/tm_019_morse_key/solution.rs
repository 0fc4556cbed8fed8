pub fn beats(message: &str) -> Result<u32, char> {
    let mut total = 0;
    for sign in message.chars() {
        total += match sign {
            '.' => 1,
            '-' => 3,
            ' ' => 2,
            other => return Err(other),
        };
    }
    Ok(total)
}

pub fn is_distress(message: &str) -> bool {
    message.split_whitespace().collect::<String>().contains("...---...")
}
