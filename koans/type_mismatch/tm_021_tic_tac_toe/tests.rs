#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_row() {
        assert_eq!(winner(&read("xo \nooo\nxx ")), Some('o'));
    }

    #[test]
    fn empty_rows_do_not_win() {
        assert_eq!(winner(&read("xox\n   \noxo")), None);
        assert_eq!(winner(&read("")), None);
    }

    #[test]
    fn reads_marks() {
        assert_eq!(read("x\n\n  o"), [['x', ' ', ' '], [' ', ' ', ' '], [' ', ' ', 'o']]);
    }
}
