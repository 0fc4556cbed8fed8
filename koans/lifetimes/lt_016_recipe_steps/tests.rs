#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_step_at_a_time() {
        let mut recipe = Recipe::new(" chop; fry; serve");
        assert_eq!(recipe.next_step(), Some("chop"));
        assert_eq!(recipe.next_step(), Some("fry"));
        assert_eq!(recipe.next_step(), Some("serve"));
        assert_eq!(recipe.next_step(), None);
    }

    #[test]
    fn empty_recipe() {
        assert_eq!(Recipe::new("  ").next_step(), None);
    }
}
