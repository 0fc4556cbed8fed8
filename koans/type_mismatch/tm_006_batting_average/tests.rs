#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages() {
        let mut average = Average::default();
        assert_eq!(average.add(10.0), 10.0);
        assert_eq!(average.add(20.0), 15.0);
        assert_eq!(average.add(0.0), 10.0);
    }

    #[test]
    fn says_it_in_words() {
        let mut average = Average::default();
        average.add(7.0);
        average.add(8.0);
        assert_eq!(average.summary(), "7.5 in 2 games");
    }
}
