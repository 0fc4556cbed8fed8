#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on() {
        let mut template = Template::new(3);
        assert_eq!(template.expand("see # and #"), "see [3] and [4]");
        assert_eq!(template.expand("then #"), "then [5]");
    }

    #[test]
    fn nothing_to_expand() {
        assert_eq!(Template::new(1).expand("plain text"), "plain text");
    }
}
