#[derive(Debug, PartialEq)]
pub struct Visitor {
    pub name: String,
    pub company: String,
    pub hour: u8,
}

pub fn sign_in(line: &str, hour: u8) -> Visitor {
    let mut words = line.splitn(2, " of ");
    let name = words.next().unwrap_or(line).trim();
    Visitor {
        name: name.to_string(),
        company: words.next().unwrap_or("-").to_string(),
        hour: hour.min(23),
    }
}
