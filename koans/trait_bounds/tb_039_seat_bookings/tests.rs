#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sells_free_seats() {
        let mut film = Screening::default();
        assert_eq!(film.sell('C', 4), Ok(1));
        assert_eq!(film.sell('C', 5), Ok(2));
    }

    #[test]
    fn refuses_taken_seats() {
        let mut film = Screening::default();
        film.sell('A', 1).unwrap();
        assert_eq!(film.sell('A', 1), Err("A1 is taken".to_string()));
    }
}
