#[cfg(test)]
mod tests {
    use super::*;

    fn arcade() -> Arcade {
        Arcade { start: 50, games: vec![("mo", 70), ("li", 90), ("mo", 95)] }
    }

    #[test]
    fn best_of_the_others() {
        assert_eq!(arcade().to_beat("mo"), 90);
        assert_eq!(arcade().to_beat("li"), 95);
    }

    #[test]
    fn alone() {
        assert_eq!(Arcade { start: 50, games: vec![("mo", 70)] }.to_beat("mo"), 50);
    }

    #[test]
    fn leader() {
        assert!(arcade().leads("mo"));
        assert!(!arcade().leads("li"));
    }
}
