#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Vec<Tank> {
        vec![Tank { litres: 70, capacity: 100 }, Tank { litres: 10, capacity: 50 }]
    }

    #[test]
    fn until_it_is_full() {
        let mut tanks = row();
        assert_eq!(pump(&mut tanks, 0, 1), 40);
        assert_eq!(tanks, [Tank { litres: 30, capacity: 100 }, Tank { litres: 50, capacity: 50 }]);
    }

    #[test]
    fn until_it_is_empty() {
        let mut tanks = row();
        assert_eq!(pump(&mut tanks, 1, 0), 10);
        assert_eq!(tanks[0].litres, 80);
    }
}
