#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenth_is_free() {
        let mut bar = Bar::default();
        let free: Vec<bool> = (0..11).map(|_| bar.serve("Olga")).collect();
        assert_eq!(free.iter().position(|free| *free), Some(9));
        assert_eq!(bar.free_cups(), 1);
        assert!(!free[10]);
    }

    #[test]
    fn each_guest_has_a_card() {
        let mut bar = Bar::default();
        for n in 0..9 {
            assert!(!bar.serve(if n % 2 == 0 { "PIA" } else { "pia" }));
        }
        assert!(!bar.serve("Max"));
        assert!(bar.serve("Pia"));
    }
}
