#[cfg(test)]
mod tests {
    use super::*;

    fn rooms() -> Vec<Room> {
        [(1, 30, 10), (2, 60, 20), (3, 8, 9)].map(|(number, seats, visitors)| Room { number, seats, visitors }).into()
    }

    #[test]
    fn emptiest_first() {
        assert_eq!(send(&rooms(), 15), 2);
        assert_eq!(send(&rooms()[..1], 20), 1);
    }

    #[test]
    fn nobody_fits() {
        assert_eq!(send(&rooms(), 41), 0);
        assert_eq!(rooms()[2].free(), 0);
        assert_eq!(rooms()[0].free(), 20);
    }
}
