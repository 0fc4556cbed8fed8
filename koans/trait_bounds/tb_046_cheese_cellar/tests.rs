#[cfg(test)]
mod tests {
    use super::*;

    fn wheel(name: &'static str, months: u32, kilos: u32) -> Wheel {
        Wheel { name, months, kilos }
    }

    #[test]
    fn ripest_first() {
        let wheels = vec![wheel("brie", 1, 2), wheel("gouda", 12, 9), wheel("comte", 8, 0), wheel("edam", 5, 3)];
        assert_eq!(sale(wheels), ["gouda", "edam", "brie"]);
    }

    #[test]
    fn ripeness_by_age() {
        assert_eq!(wheel("brie", 3, 1).ripeness(), Ripeness::Young);
        assert_eq!(wheel("brie", 9, 1).ripeness(), Ripeness::Medium);
        assert_eq!(wheel("brie", 10, 1).ripeness(), Ripeness::Aged);
    }
}
