#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_the_closest() {
        assert_eq!(suggest(&["commit", "branch", "push"], "comit"), None);
        assert_eq!(suggest(&["commit", "branch", "push"], "bransh"), Some("branch"));
    }

    #[test]
    fn too_far_away() {
        assert_eq!(suggest(&["push"], "elephant"), None);
        assert_eq!(suggest(&[], "x"), None);
    }
}
