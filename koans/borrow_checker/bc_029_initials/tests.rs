#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str) -> Person {
        Person { name: name.to_string() }
    }

    #[test]
    fn takes_first_letters() {
        assert_eq!(person("Grace Brewster Hopper").initials(), "GBH");
        assert_eq!(person("Plato").initials(), "P");
    }

    #[test]
    fn knows_single_names() {
        assert!(person("Plato").is_single_name());
        assert!(!person("Ada Lovelace").is_single_name());
    }
}
