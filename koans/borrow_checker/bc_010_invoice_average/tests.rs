#[cfg(test)]
mod tests {
    use super::*;

    fn line(article: &str, cents: u32, quantity: u32) -> Line {
        Line { article: article.to_string(), cents, quantity }
    }

    #[test]
    fn averages_over_lines() {
        assert_eq!(average_cents(vec![line("tea", 300, 2), line("cup", 800, 1)]), 700);
    }

    #[test]
    fn empty_invoice_is_zero() {
        assert_eq!(average_cents(Vec::new()), 0);
    }
}
