#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_it() {
        let text = "The ship, the big ship, and the sea: Ship!";
        assert_eq!(longest_repeated(text), Some("ship".to_string()));
    }

    #[test]
    fn every_word_once() {
        assert_eq!(longest_repeated("one two three"), None);
    }

    #[test]
    fn cleans_words() {
        assert_eq!(clean("\"Hey!\""), "hey");
    }
}
