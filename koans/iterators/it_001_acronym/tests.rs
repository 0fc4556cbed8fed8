#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_count() {
        assert_eq!(acronym("University of south-east Wales"), "USEW");
    }

    #[test]
    fn short_names_stay() {
        assert_eq!(acronym("Interpol"), "Interpol");
        assert_eq!(acronym(""), "");
    }
}
