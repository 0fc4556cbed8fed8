#[cfg(test)]
mod tests {
    use super::*;

    fn bids(list: &[(&str, u64)]) -> Vec<(String, u64)> {
        list.iter().map(|(name, amount)| (name.to_string(), *amount)).collect()
    }

    #[test]
    fn second_price() {
        let sale = settle(&bids(&[("Ann", 40), ("Ben", 90), ("Cid", 60)]), 30);
        assert_eq!(sale, Some(Sale { winner: "Ben".to_string(), price: 60 }));
    }

    #[test]
    fn reserve_counts() {
        let sale = settle(&bids(&[("Ann", 40), ("Ben", 20)]), 30);
        assert_eq!(sale, Some(Sale { winner: "Ann".to_string(), price: 30 }));
        assert_eq!(settle(&bids(&[("Ben", 20)]), 30), None);
    }
}
