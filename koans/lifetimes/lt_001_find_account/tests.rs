#[cfg(test)]
mod tests {
    use super::*;

    fn accounts() -> Vec<Account> {
        let open = |owner: &str, cents| Account { owner: owner.to_string(), cents };
        vec![open("ada", 500), open("bob", -20)]
    }

    #[test]
    fn finds_the_owner() {
        let all = accounts();
        assert_eq!(find(&all, "bob").unwrap().cents, -20);
        assert!(find(&all, "eve").is_none());
    }

    #[test]
    fn unknown_owner_has_nothing() {
        assert_eq!(balance(&accounts(), "ada"), 500);
        assert_eq!(balance(&accounts(), "eve"), 0);
    }
}
