#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_nights() {
        assert_eq!(frost_nights(&[-3, 0, 4, -1]), 2);
        assert_eq!(frost_nights(&[5]), 0);
    }

    #[test]
    fn runs() {
        assert_eq!(longest_frost(&[-1, -2, 3, -1, -4, -2, 0]), 3);
        assert_eq!(longest_frost(&[]), 0);
    }
}
