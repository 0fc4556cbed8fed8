#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_users_from_one() {
        let mut dir = Directory { by_email: HashMap::new() };
        assert_eq!(dir.register(" Ada@Example.org ").id, 1);
        let bob = dir.register("bob@example.org");
        assert_eq!((bob.id, bob.email.as_str()), (2, "bob@example.org"));
    }

    #[test]
    fn stores_the_cleaned_address() {
        let mut dir = Directory { by_email: HashMap::new() };
        dir.register(" Ada@Example.org ");
        assert_eq!(dir.by_email.get("ada@example.org"), Some(&1));
    }
}
