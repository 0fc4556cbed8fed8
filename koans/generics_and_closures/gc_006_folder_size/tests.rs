#[cfg(test)]
mod tests {
    use super::*;

    use Entry::{File, Folder};

    #[test]
    fn nested_folders() {
        let root = Folder(vec![File(10), Folder(vec![File(5), Folder(vec![]), File(7)])]);
        assert_eq!(total_size(&root), 22);
        assert_eq!(total_size(&File(3)), 3);
        assert_eq!(total_size(&Folder(vec![])), 0);
    }
}
