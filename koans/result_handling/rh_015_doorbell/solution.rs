pub fn reaction(answer: Result<u8, String>, night: bool) -> String {
    match (answer, night) {
        (Ok(0), _) => "nobody there".to_string(),
        (Ok(people), false) => format!("ring for {people}"),
        (Ok(people), true) => format!("lamp for {people}"),
        (Err(reason), true) => format!("record: {reason}"),
        (Err(_), false) => "ring".to_string(),
    }
}

pub fn is_silent(reaction: &str) -> bool {
    !reaction.starts_with("ring")
}
