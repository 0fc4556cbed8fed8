pub const LIMIT: usize = 20;

/// Headlines within the limit stay as they are; others lose their last words.
pub fn shorten(headline: &str) -> &str {
    let clean = headline.trim().to_owned();
    let mut end = clean.len();
    if end > LIMIT {
        end = clean[..LIMIT].rfind(' ').unwrap_or(LIMIT);
    }
    clean.split_at(end).0
}
