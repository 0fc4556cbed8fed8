use std::collections::BTreeMap;

pub struct Report {
    pub low: Vec<String>,
    pub articles: usize,
}

pub fn stock_report(stock: BTreeMap<String, u32>, minimum: u32) -> Report {
    let mut low = Vec::new();
    for (article, count) in &stock {
        if count.lt(&minimum) {
            low.push(article.to_string());
        }
    }
    Report { low, articles: stock.len() }
}
