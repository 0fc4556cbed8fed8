#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_and_spikes_go() {
        assert_eq!(trusted(&[10, 10, 9999, 42, -500, 42, 40], 0, 100), [10, 42, 40]);
    }

    #[test]
    fn swing_between_extremes() {
        assert_eq!(swing(&[120, -40, 5000, 260]), 300);
        assert_eq!(swing(&[]), 0);
    }
}
