#[cfg(test)]
mod tests {
    use super::*;

    fn soup() -> Recipe {
        Recipe { ingredients: vec!["leek", "potato", "cream"], minutes: 30 }
    }

    #[test]
    fn lists_what_to_buy() {
        assert_eq!(missing(&soup(), &["potato", "salt"]), ["leek", "cream"]);
    }

    #[test]
    fn quick_when_all_is_there() {
        assert!(quick(&soup(), &["cream", "leek", "potato"]));
        assert!(!quick(&soup(), &["leek"]));
    }
}
