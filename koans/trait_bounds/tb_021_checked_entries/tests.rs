#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_ticked_entries() {
        let list = [("milk", true), ("eggs", false), ("tea", true)];
        assert_eq!(ticked(&list), ["milk", "tea"]);
    }

    #[test]
    fn measures_progress() {
        assert_eq!(progress(&[(1, true), (2, false)]), 50);
        assert_eq!(progress(&[]), 0);
    }
}
