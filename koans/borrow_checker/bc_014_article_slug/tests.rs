#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slug_is_lowercase() {
        let article = publish("Rust at Night!".to_string());
        assert_eq!(article.slug, "rust-at-night");
    }

    #[test]
    fn headline_is_kept() {
        assert_eq!(publish("Big News".to_string()).headline, "Big News");
    }
}
