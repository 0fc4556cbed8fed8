pub fn check_digit(digits: &[u8]) -> u8 {
    let mut sum = 0u32;
    for (place, digit) in digits.iter().enumerate() {
        let weight = if place % 2 == 1 { 3 } else { 1 };
        sum += u32::from(*digit) * weight;
    }
    ((10 - sum % 10) % 10) as u8
}

pub fn is_valid(card: &[u8]) -> bool {
    match card.split_last() {
        Some((last, rest)) => !rest.is_empty() && check_digit(rest) == *last,
        None => false,
    }
}
