#[cfg(test)]
mod tests {
    use super::*;

    fn gear() -> Vec<Gear> {
        vec![
            Gear { name: "tent", grams: 9_000, worn: false },
            Gear { name: "water", grams: 6_000, worn: false },
            Gear { name: "boots", grams: 1_500, worn: true },
        ]
    }

    #[test]
    fn a_fifth_is_the_limit() {
        assert!(too_heavy(&gear(), 74));
        assert!(!too_heavy(&gear(), 75));
    }

    #[test]
    fn names_the_heaviest() {
        assert_eq!(heaviest(&gear()), "tent");
        assert_eq!(heaviest(&[]), "nothing");
    }
}
