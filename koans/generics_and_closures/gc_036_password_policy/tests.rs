#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_broken_rule_is_named() {
        let rules = [at_least(6), mixed_case()];
        assert_eq!(complaints(&rules, "abc"), ["too short", "one case only"]);
        assert_eq!(complaints(&rules, "Abc"), ["too short"]);
        assert_eq!(complaints(&rules, "ABCDEF"), ["one case only"]);
        assert!(complaints(&rules, "AbcDef").is_empty());
    }
}
