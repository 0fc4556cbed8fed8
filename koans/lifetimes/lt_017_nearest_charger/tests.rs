#[cfg(test)]
mod tests {
    use super::*;

    fn stations() -> Vec<Station> {
        let at = |name: &str, x, y| Station { name: name.to_string(), x, y };
        vec![at("mall", 10, 0), at("port", 2, 3)]
    }

    #[test]
    fn picks_the_nearest() {
        assert_eq!(nearest(&stations(), &(0, 0)).unwrap().name, "port");
        assert_eq!(nearest(&stations(), &(9, 1)).unwrap().name, "mall");
        assert!(nearest(&[], &(0, 0)).is_none());
    }

    #[test]
    fn measures_range() {
        assert!(within(&stations()[1], (0, 0), 5));
        assert!(!within(&stations()[0], (0, 0), 5));
    }
}
