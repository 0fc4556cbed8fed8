#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_at_the_marker() {
        assert_eq!(strip_comment("speed = 3 // fast", "//"), "speed = 3");
        assert_eq!(strip_comment("plain", "#"), "plain");
    }

    #[test]
    fn keeps_only_settings() {
        assert_eq!(settings("a=1 # one\n# nothing\nb=2"), ["a=1", "b=2"]);
    }
}
