#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_pages() {
        let pages = vec!["a red fox".to_string(), "a hen".to_string(), "the fox and the hen".to_string()];
        let found = search(pages, &["fox", "hen", "cow"]);
        let wanted = [("fox", vec![1, 3]), ("hen", vec![2, 3]), ("cow", vec![])];
        assert_eq!(found, wanted.map(|(word, pages)| (word.to_string(), pages)));
    }
}
