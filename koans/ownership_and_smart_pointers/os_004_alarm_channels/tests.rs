#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_and_pager() {
        assert_eq!(channel_for("ann@example.org").unwrap().alarm("fire"), "mail to ann@example.org: fire");
        assert_eq!(channel_for("17").unwrap().alarm("fire"), "page 0017: FIRE");
    }

    #[test]
    fn neither() {
        assert!(channel_for("ann").is_none());
    }
}
