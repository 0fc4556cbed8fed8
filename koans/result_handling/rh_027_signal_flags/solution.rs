#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Flag {
    Letter(char),
    Digit(u8),
    Answer,
}

fn flag(c: char) -> Option<Flag> {
    match c {
        'a'..='z' => Some(Flag::Letter(c.to_ascii_uppercase())),
        'A'..='Z' => Some(Flag::Letter(c)),
        '0'..='9' => Some(Flag::Digit(c as u8 - b'0')),
        _ => None,
    }
}

pub fn spell(message: &str) -> Vec<Flag> {
    let mut flags = vec![Flag::Answer];
    flags.extend(message.chars().filter_map(flag));
    flags
}

pub fn hoists(flags: &[Flag]) -> usize {
    flags.iter().map(|flag| match flag { Flag::Digit(n) => 1 + usize::from(*n), _ => 1 }).sum()
}
