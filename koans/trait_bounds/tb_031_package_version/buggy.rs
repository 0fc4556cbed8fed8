#[derive(Debug, PartialEq, Eq)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
}

pub fn parse(text: &str) -> Option<Version> {
    let mut parts = text.splitn(3, '.').map(|part| part.parse().ok());
    Some(Version { major: parts.next()??, minor: parts.next()??, patch: parts.next()?? })
}

pub fn new_enough(installed: &str, required: &str) -> bool {
    match (parse(installed), parse(required)) {
        (Some(have), Some(want)) => have >= want,
        _ => false,
    }
}
