#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restores_a_draft() {
        let mut drafts = History { versions: vec!["v1", "v2"] };
        assert_eq!(drafts.restore(0), 3);
        assert_eq!(drafts.versions, ["v1", "v2", "v1"]);
    }

    #[test]
    fn works_for_owned_values() {
        let mut lists = History { versions: vec![vec![1], vec![2, 3]] };
        lists.restore(1);
        assert_eq!(lists.versions[2], [2, 3]);
    }
}
