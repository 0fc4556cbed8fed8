#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_only_answers() {
        let answers = [Answer::Yes, Answer::No, Answer::Skipped, Answer::Yes];
        assert_eq!(yes_share(&answers), 66.7);
    }

    #[test]
    fn nobody_answered() {
        assert_eq!(yes_share(&[Answer::Skipped]), 0.0);
        assert_eq!(yes_share(&[]), 0.0);
    }

    #[test]
    fn percent_has_one_decimal() {
        assert_eq!(percent(1.0, 8.0), 12.5);
    }
}
