#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hour_hand_creeps() {
        assert_eq!(hour_hand(3, 0), 180);
        assert_eq!(hour_hand(15, 30), 210);
    }

    #[test]
    fn angles() {
        assert_eq!(angle(3, 0), 180);
        assert_eq!(angle(9, 0), 180);
        assert_eq!(angle(6, 0), 360);
        assert_eq!(angle(12, 0), 0);
    }
}
