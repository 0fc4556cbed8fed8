#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openings() {
        let mut person = Person { first: "Lise".to_string(), last: "Meitner".to_string(), title: None };
        assert_eq!(person.opening(true), "Dear Meitner,");
        assert_eq!(person.opening(false), "Hello Lise,");
        person.title = Some("Prof.".to_string());
        assert_eq!(person.opening(true), "Dear Prof. Meitner,");
        assert_eq!(person.opening(false), "Hello Lise,");
    }
}
