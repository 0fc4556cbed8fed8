#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_folder_and_ending() {
        assert_eq!(file_stem("src/koans/list.rs"), "list");
        assert_eq!(file_stem("Makefile"), "Makefile");
    }

    #[test]
    fn finds_extensions() {
        assert_eq!(extension("a/b.txt"), Some("txt"));
        assert_eq!(extension("README"), None);
    }
}
