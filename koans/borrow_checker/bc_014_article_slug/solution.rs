pub struct Article {
    pub headline: String,
    pub slug: String,
}

fn slugify(text: String) -> String {
    let kept: String = text
        .chars()
        .map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    kept.trim_matches('-').to_string()
}

pub fn publish(headline: String) -> Article {
    Article { slug: slugify(headline.clone()), headline }
}
