#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faces_beat_numbers() {
        assert_eq!(winner(&[Rank::Number(10), Rank::Queen, Rank::Jack]), Some(1));
        assert_eq!(winner(&[Rank::King, Rank::Queen]), Some(0));
    }

    #[test]
    fn numbers_and_draws() {
        assert_eq!(winner(&[Rank::Number(3), Rank::Number(9), Rank::Number(9)]), Some(1));
        assert_eq!(winner(&[]), None);
    }
}
