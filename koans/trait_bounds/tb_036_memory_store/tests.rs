#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_notes_back() {
        let mut store = Memory::default();
        store.put("buy milk");
        assert_eq!(store.get(0).map(|n| n.as_str()), Some("buy milk"));
    }

    #[test]
    fn numbers_notes() {
        let mut store = Memory::default();
        store.put("a");
        store.put("b");
        assert_eq!(store.get(1), Some(&"b".to_string()));
        assert_eq!(store.get(2), None);
    }
}
