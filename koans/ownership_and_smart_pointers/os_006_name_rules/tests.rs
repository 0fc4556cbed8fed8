#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_name() {
        assert!(Rules::for_names(5, vec!["ann".to_string()]).broken_by("bo").is_empty());
    }

    #[test]
    fn what_is_broken() {
        let rules = Rules::for_names(5, vec!["ann".to_string()]);
        assert_eq!(rules.broken_by("ann"), ["taken"]);
        assert_eq!(rules.broken_by("bo2021"), ["letters only", "too long"]);
    }
}
