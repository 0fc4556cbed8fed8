#[derive(Debug, PartialEq)]
pub struct Color(pub u8, pub u8, pub u8);

fn channel(digits: &str) -> Result<u8, String> {
    let value = u8::from_str_radix(digits, 16).map_err(|e| e.to_string())?;
    Ok(value)
}

pub fn parse_color(code: &str) -> Result<Color, String> {
    let digits = match code.strip_prefix('#') {
        Some(digits) if digits.len() == 6 && digits.is_ascii() => digits,
        _ => return Err(format!("{code} is no colour")),
    };
    Ok(Color(channel(&digits[..2])?, channel(&digits[2..4])?, channel(&digits[4..])?))
}
