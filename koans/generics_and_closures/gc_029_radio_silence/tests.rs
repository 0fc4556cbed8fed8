#[cfg(test)]
mod tests {
    use super::*;

    fn signals() -> Vec<Signal> {
        [(0, 4), (6, 9), (19, 20), (25, 30)].iter().map(|&(start, end)| Signal { start, end }).collect()
    }

    #[test]
    fn its_middle() {
        assert_eq!(when_to_speak(&signals()), Some(14));
        assert_eq!(when_to_speak(&signals()[..1]), None);
    }

    #[test]
    fn all_of_them() {
        assert_eq!(silences(&signals()).collect::<Vec<_>>(), [(4, 2), (9, 10), (20, 5)]);
    }
}
