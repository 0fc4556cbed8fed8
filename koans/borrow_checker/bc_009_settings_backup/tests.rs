#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_old_volume() {
        let start = Settings { theme: "dark".to_string(), volume: 70 };
        let (before, after) = mute(start);
        assert_eq!(describe(&before), "dark at 70%");
        assert_eq!(describe(&after), "dark at 0%");
    }

    #[test]
    fn theme_is_untouched() {
        let (_, after) = mute(Settings { theme: "light".to_string(), volume: 5 });
        assert_eq!(after.theme, "light");
    }
}
