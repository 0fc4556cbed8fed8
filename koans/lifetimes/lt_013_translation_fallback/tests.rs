#[cfg(test)]
mod tests {
    use super::*;

    fn dictionary() -> Dictionary {
        let words = [("Haus", "house"), ("Baum", "tree")];
        Dictionary { words: words.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect() }
    }

    #[test]
    fn translates() {
        assert_eq!(dictionary().translate("Baum"), "tree");
    }

    #[test]
    fn unknown_words_stay() {
        assert_eq!(dictionary().translate("Zug"), "Zug");
    }
}
