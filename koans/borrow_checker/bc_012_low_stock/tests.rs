#[cfg(test)]
mod tests {
    use super::*;

    fn stock() -> BTreeMap<String, u32> {
        [("bolt", 4), ("nut", 90), ("gear", 7)].iter().map(|(a, n)| (a.to_string(), *n)).collect()
    }

    #[test]
    fn lists_low_articles() {
        assert_eq!(stock_report(stock(), 10).low, ["bolt", "gear"]);
    }

    #[test]
    fn counts_every_article() {
        let report = stock_report(stock(), 1);
        assert_eq!(report.articles, 3);
        assert!(report.low.is_empty());
    }
}
