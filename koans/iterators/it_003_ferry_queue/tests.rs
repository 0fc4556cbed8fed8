#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_at_the_first_that_does_not_fit() {
        let ferry = Ferry { metres: 12.0 };
        assert_eq!(ferry.boarding(&[4.0, 5.0, 9.0, 1.0]), [4.0, 5.0]);
    }

    #[test]
    fn nobody_or_everybody() {
        assert!(Ferry { metres: 3.0 }.boarding(&[4.0, 1.0]).is_empty());
        assert_eq!(Ferry { metres: 30.0 }.boarding(&[4.0, 1.0]), [4.0, 1.0]);
    }
}
