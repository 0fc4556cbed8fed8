#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_minimum() {
        let log = [
            Reading { hour: 22, celsius: 3.5 },
            Reading { hour: 3, celsius: -1.0 },
            Reading { hour: 6, celsius: 0.5 },
        ];
        assert_eq!(coldest(&log), Some(3));
    }

    #[test]
    fn empty_log_has_none() {
        assert_eq!(coldest(&[]), None);
    }
}
