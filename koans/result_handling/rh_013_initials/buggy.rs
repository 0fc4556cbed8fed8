fn capital(word: &str) -> Option<char> {
    word.chars().next().map(|c| c.to_ascii_uppercase())
}

pub fn initials(first: &str, last: &str) -> String {
    format!("{}.{}.", capital(first)?, capital(last)?)
}

pub fn badge(first: &str, last: &str, number: u16) -> String {
    match initials(first, last) {
        Some(letters) => format!("{letters} #{number:03}"),
        None => format!("guest #{number:03}"),
    }
}
