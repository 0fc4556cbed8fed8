#[cfg(test)]
mod tests {
    use super::*;

    fn beds() -> Vec<Bed> {
        vec![Bed { every_days: 2, litres: 0 }, Bed { every_days: 0, litres: 1 }, Bed { every_days: 3, litres: 10 }]
    }

    #[test]
    fn only_whose_turn_it_is() {
        let mut beds = beds();
        assert_eq!(water(&mut beds, 3), [2]);
        assert_eq!(beds[2].litres, 15);
        assert_eq!(beds[0].litres, 0);
    }

    #[test]
    fn several_at_once() {
        assert_eq!(water(&mut beds(), 6), [0, 2]);
        assert!(water(&mut beds(), 5).is_empty());
    }
}
