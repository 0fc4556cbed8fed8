#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_history_of_their_own() {
        let mut chat = Chat { topic: "rust".to_string(), members: HashMap::new() };
        assert_eq!(chat.invite(&["Ida", "Tom", "x"], vec!["hello".to_string()]), 2);
        assert_eq!(chat.members["ida"], ["hello", "Ida joined rust"]);
        assert_eq!(chat.members["tom"], ["hello", "Tom joined rust"]);
    }

    #[test]
    fn who_is_there_keeps_what_was_said() {
        let mut chat = Chat { topic: "tea".to_string(), members: HashMap::new() };
        chat.invite(&["Ida"], vec![]);
        assert_eq!(chat.invite(&["IDA"], vec!["new".to_string()]), 1);
        assert_eq!(chat.members["ida"], ["Ida joined tea", "IDA joined tea"]);
    }
}
