#[cfg(test)]
mod tests {
    use super::*;

    fn depot() -> Depot {
        let mut depot = Depot::default();
        depot.store("V-belt", 12);
        depot.store("LED", 7);
        depot.replace("bulb", "LED");
        depot.replace("fuse", "breaker");
        depot
    }

    #[test]
    fn on_the_shelf() {
        assert_eq!(depot().shelf_of("V-belt"), Some(12));
        assert_eq!(depot().shelf_of("bulb"), Some(7));
    }

    #[test]
    fn nowhere() {
        assert_eq!(depot().shelf_of("fuse"), None);
        assert_eq!(depot().shelf_of("crank"), None);
    }
}
