#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_up() {
        let mut barrel = Barrel { litres: 10.0, roof_m2: 20, capacity: 100.0 };
        assert_eq!(barrel.rain(2.0), 44.0);
        assert_eq!(barrel.rain(9.0), 100.0);
    }

    #[test]
    fn waters() {
        let barrel = Barrel { litres: 44.0, roof_m2: 20, capacity: 100.0 };
        assert_eq!(barrel.days(&[5, 9]), 3);
        assert_eq!(barrel.days(&[]), u32::MAX);
    }
}
