#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_until_full() {
        let mut buffer = EventBuffer::with_capacity(2);
        assert_eq!(buffer.record("boot"), None);
        assert_eq!(buffer.record("login"), None);
    }

    #[test]
    fn drops_the_oldest() {
        let mut buffer = EventBuffer::with_capacity(1);
        buffer.record("boot");
        assert_eq!(buffer.record("login"), Some("dropped boot".to_string()));
        assert_eq!(buffer.record("logout"), Some("dropped login".to_string()));
    }
}
