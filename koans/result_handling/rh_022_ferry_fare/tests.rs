#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_size() {
        assert_eq!(fare(&Vehicle::Bicycle, false), Ok(6.0));
        assert_eq!(fare(&Vehicle::Car { metres: 4.0 }, true), Ok(9.0));
        assert_eq!(fare(&Vehicle::Truck { metres: 10.0, tonnes: 12.0 }, false), Ok(102.0));
    }

    #[test]
    fn too_heavy() {
        let truck = Vehicle::Truck { metres: 16.0, tonnes: 44.0 };
        assert_eq!(fare(&truck, true), Err("44 t is too heavy".to_string()));
    }
}
