#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_file_name_only() {
        let buffer = Buffer { path: Some("src/koans/mod.rs"), line: 12, changed: false };
        assert_eq!(title(&buffer), "mod.rs:12");
    }

    #[test]
    fn marks_changes() {
        let buffer = Buffer { path: Some("notes"), line: 1, changed: true };
        assert_eq!(title(&buffer), "* notes:1");
    }

    #[test]
    fn new_files_have_no_name() {
        let buffer = Buffer { path: None, line: 3, changed: true };
        assert_eq!(title(&buffer), "* untitled:3");
    }
}
