#[cfg(test)]
mod tests {
    use super::*;

    fn lock() -> Lock {
        let upper = Chamber { level_cm: 500, ships: vec!["Heron".to_string()] };
        Lock { chambers: [Chamber { level_cm: 100, ships: vec!["Otter".to_string()] }, upper] }
    }

    #[test]
    fn water_meets() {
        let mut lock = lock();
        assert_eq!(lock.open_gate(), 300);
        assert_eq!(lock.chamber(true).level_cm, 300);
        assert_eq!(lock.chamber(false).level_cm, 300);
    }

    #[test]
    fn ships_go_down() {
        let mut lock = lock();
        lock.open_gate();
        assert_eq!(lock.chambers[0].ships, ["Otter", "Heron"]);
        assert!(lock.chambers[1].ships.is_empty());
    }
}
