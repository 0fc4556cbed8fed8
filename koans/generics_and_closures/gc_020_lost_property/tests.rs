#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn umbrellas_wait() {
        let mut office = Office::default();
        office.hand_in(4, "umbrella");
        office.next_day();
        office.hand_in(4, "hat");
        let found: Vec<(&str, u32)> = office.on_line(4).iter().map(|t| (t.what.as_str(), t.days)).collect();
        assert_eq!(found, [("umbrella", 1), ("hat", 0)]);
        assert!(office.on_line(5).is_empty());
    }
}
