#[cfg(test)]
mod tests {
    use super::*;

    fn map(rows: &[(&str, u32)]) -> BTreeMap<String, u32> {
        rows.iter().map(|(good, n)| (good.to_string(), *n)).collect()
    }

    #[test]
    fn what_runs_out() {
        let store = Store {
            stock: map(&[("flour", 20), ("honey", 9), ("rice", 4), ("salt", 1)]),
            sold_a_day: map(&[("flour", 5), ("honey", 1), ("rice", 4), ("salt", 0)]),
        };
        assert_eq!(store.to_order(5), ["flour", "rice"]);
        assert_eq!(store.to_order(2), ["rice"]);
        assert!(store.to_order(1).is_empty());
    }
}
