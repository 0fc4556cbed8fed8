#[cfg(test)]
mod tests {
    use super::*;

    fn evening() -> Scene {
        let levels = HashMap::from([("desk".to_string(), 80), ("shelf".to_string(), 20)]);
        Scene { name: "Evening".to_string(), levels }
    }

    #[test]
    fn unset_lamps_are_off() {
        assert_eq!(brightness(&evening(), &["desk", "door", "shelf"], 50), [50, 0, 20]);
    }

    #[test]
    fn power() {
        assert_eq!(summary(&evening(), &["desk", "shelf", "door"], 12), "Evening: 12 W");
    }
}
