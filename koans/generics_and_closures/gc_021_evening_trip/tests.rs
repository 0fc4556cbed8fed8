#[cfg(test)]
mod tests {
    use super::*;

    fn trains() -> Vec<Train> {
        [0, 5, 2, 9].iter().map(|&stops| Train { stops }).collect()
    }

    fn chosen(purse: u32) -> Option<(usize, u32)> {
        first_fitting(&trains(), purse).map(|(place, train)| (place, train.stops))
    }

    #[test]
    fn slow_trains_are_cheap() {
        assert_eq!(chosen(1000), Some((0, 0)));
        assert_eq!(chosen(800), Some((1, 5)));
        assert_eq!(chosen(500), None);
    }

    #[test]
    fn prices() {
        assert_eq!((Train { stops: 2 }.cents(), Train { stops: 2 }.minutes()), (800, 76));
    }
}
