#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_even_numbers() {
        assert_eq!(even_seats(&[4, 7, 10]), [4, 10]);
        assert!(even_seats(&[1]).is_empty());
    }

    #[test]
    fn share_of_the_left_side() {
        assert_eq!(left_share(&[1, 2, 3, 4]), 0.5);
        assert_eq!(left_share(&[]), 0.0);
    }
}
