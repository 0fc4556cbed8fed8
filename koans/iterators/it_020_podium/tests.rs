#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_fastest() {
        let runs = [Run::Finished(9120), Run::Fell, Run::Finished(8811), Run::Finished(9502), Run::Finished(9001)];
        assert_eq!(podium(&runs), [8811, 9001, 9120]);
    }

    #[test]
    fn ties_share_a_place() {
        assert_eq!(podium(&[Run::Finished(5), Run::Finished(5), Run::Finished(7)]), [5, 7]);
    }

    #[test]
    fn all_fell() {
        assert!(podium(&[Run::Fell, Run::Fell]).is_empty());
    }
}
