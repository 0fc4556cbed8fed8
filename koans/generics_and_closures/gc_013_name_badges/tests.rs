#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speakers_come_first() {
        let made = badges("Acme".to_string(), &["Ada", "Bob", "Cyd"], &["Cyd"]);
        let names: Vec<&str> = made.iter().map(|b| b.person.as_str()).collect();
        assert_eq!(names, ["CYD", "ADA", "BOB"]);
        assert!(made[0].vip && !made[1].vip);
        assert!(made.iter().all(|b| b.company == "Acme"));
    }

    #[test]
    fn nobody() {
        assert_eq!(badges(String::new(), &[], &["Cyd"]), []);
    }
}
