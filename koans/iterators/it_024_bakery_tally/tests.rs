#[cfg(test)]
mod tests {
    use super::*;

    fn day() -> Vec<Batch> {
        vec![Batch { name: "rye", loaves: 12, burnt: 2 }, Batch { name: "spelt", loaves: 5, burnt: 9 }]
    }

    #[test]
    fn counts_what_can_be_sold() {
        assert_eq!(closing_line(&day(), 250), "10 sold, 2500 cents, most of it rye");
        assert_eq!(closing_line(&[], 250), "0 sold, 0 cents, most of it -");
    }

    #[test]
    fn a_bad_day() {
        assert!(all_burnt(&day()[1..]));
        assert!(!all_burnt(&day()));
        assert!(!all_burnt(&[]));
    }
}
