#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_turns_make_a_circle() {
        let mut heading = Heading::North;
        let mut at = (0, 0);
        for _ in 0..4 {
            at = step(heading, at);
            heading = turn_right(heading);
        }
        assert_eq!((heading, at), (Heading::North, (0, 0)));
    }

    #[test]
    fn steps() {
        assert_eq!(step(Heading::West, (5, 5)), (4, 5));
        assert_eq!(step(Heading::North, (5, 5)), (5, 4));
        assert_eq!(turn_right(Heading::West), Heading::North);
    }
}
