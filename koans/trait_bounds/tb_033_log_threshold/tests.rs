#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "I start\nE disk\nconnected\nI stop";

    #[test]
    fn filters_by_level() {
        assert_eq!(filter(LOG, Level::Info), ["I start", "E disk", "I stop"]);
        assert_eq!(filter(LOG, Level::Error), ["E disk"]);
    }

    #[test]
    fn trace_keeps_all() {
        assert_eq!(filter(LOG, Level::Trace).len(), 4);
    }
}
