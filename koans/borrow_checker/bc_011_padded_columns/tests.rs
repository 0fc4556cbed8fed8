#[cfg(test)]
mod tests {
    use super::*;

    fn column(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|c| c.to_string()).collect()
    }

    #[test]
    fn pads_to_the_widest() {
        assert_eq!(pad_column(column(&["id", "name", "x"])), ["id  |", "name|", "x   |"]);
    }

    #[test]
    fn empty_column_stays_empty() {
        assert!(pad_column(Vec::new()).is_empty());
    }
}
