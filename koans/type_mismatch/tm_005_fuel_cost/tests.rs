#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_way_and_back() {
        let car = Car { litres_per_100: 5.0, seats: 4 };
        assert_eq!(fuel_cost(&car, 300, 2.0, false), 30.0);
        assert_eq!(fuel_cost(&car, 300, 2.0, true), 60.0);
    }

    #[test]
    fn shared_by_all_seats() {
        let car = Car { litres_per_100: 8.0, seats: 4 };
        assert_eq!(per_head(&car, 50, 1.5), 3.0);
        let none = Car { litres_per_100: 8.0, seats: 0 };
        assert_eq!(per_head(&none, 50, 1.5), 12.0);
    }
}
