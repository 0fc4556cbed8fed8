#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_serious_levels() {
        assert!(is_serious(&LogLine { level: "FATAL", message: "disk" }));
        assert!(!is_serious(&LogLine { level: "INFO", message: "up" }));
    }

    #[test]
    fn joins_serious_messages() {
        let lines = [
            LogLine { level: "ERROR", message: "disk full" },
            LogLine { level: "INFO", message: "retry" },
            LogLine { level: "FATAL", message: "stopped" },
        ];
        assert_eq!(summary(&lines), "disk full; stopped");
    }
}
