#[cfg(test)]
mod tests {
    use super::*;

    fn tunnel(a: &str, b: &str) -> (Cave, Cave) {
        (Cave(a.to_string()), Cave(b.to_string()))
    }

    #[test]
    fn follows_tunnels() {
        let tunnels = [tunnel("a", "b"), tunnel("b", "c"), tunnel("c", "a"), tunnel("x", "y")];
        assert_eq!(reachable(&tunnels, &Cave("a".to_string())), 3);
    }

    #[test]
    fn dead_end() {
        assert_eq!(reachable(&[], &Cave("a".to_string())), 1);
    }
}
