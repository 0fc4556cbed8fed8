#[cfg(test)]
mod tests {
    use super::*;

    use Key::*;

    fn pages(keys: &[Key]) -> Vec<usize> {
        let mut seen = vec![];
        press(keys, 3, |page| seen.push(page));
        seen
    }

    #[test]
    fn only_real_changes_are_told() {
        assert_eq!(pages(&[PageDown, PageDown, PageDown, PageUp, Home, Home]), [2, 3, 2, 1]);
        assert!(pages(&[PageUp, Home]).is_empty());
    }
}
