#[derive(Debug, PartialEq)]
pub struct Badge {
    pub person: String,
    pub company: String,
    pub vip: bool,
}

pub fn badges(company: String, people: &[&str], speakers: &[&str]) -> Vec<Badge> {
    let mut made: Vec<Badge> = people
        .iter()
        .map(|person| {
            let vip = speakers.contains(person);
            Badge { person: person.to_uppercase(), company, vip }
        })
        .collect();
    made.sort_by_key(|badge| !badge.vip);
    made
}
