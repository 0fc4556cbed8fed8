pub struct Article<'a> {
    pub label: &'a str,
    pub cents: u32,
}

fn euros(cents: u32) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

pub fn receipt(articles: &[Article]) -> String {
    let mut text = String::new();
    for article in articles {
        text.push_str(&format!("{:<8}{:>6}\n", article.label, euros(article.cents)));
    }
    let total = articles.iter().map(|a| a.cents).sum();
    text.push_str(&format!("total {:>8}", euros(total)));
    text;
}
