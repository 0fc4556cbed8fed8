#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignores_case_and_blanks() {
        let both = in_common("Emma; Dune ;Ulysses", "dune;EMMA; It");
        assert_eq!(both.into_iter().collect::<Vec<_>>(), ["dune", "emma"]);
    }

    #[test]
    fn nothing_in_common() {
        assert!(in_common("Emma;", "Dune;").is_empty());
    }

    #[test]
    fn wishes_are_a_set() {
        assert_eq!(wishes("It; it ;Emma").len(), 2);
    }
}
