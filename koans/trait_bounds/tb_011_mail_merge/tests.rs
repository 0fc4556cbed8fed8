#[cfg(test)]
mod tests {
    use super::*;

    fn merge() -> MailMerge {
        MailMerge { template: Letter { to: String::new(), body: "Dear NAME".to_string() } }
    }

    #[test]
    fn fills_in_names() {
        let letters = merge().letters(&["Ida", "Jo"]);
        assert_eq!(letters[1].to, "Jo");
        assert_eq!(letters[0].body, "Dear Ida");
    }

    #[test]
    fn nobody_to_write_to() {
        assert!(merge().letters(&[]).is_empty());
    }
}
