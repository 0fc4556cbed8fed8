#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid<char> {
        Grid { cells: "abcdef".chars().collect(), width: 3 }
    }

    #[test]
    fn reads_a_cell() {
        assert_eq!(grid().at(1, 0), 'd');
    }

    #[test]
    fn reads_a_column() {
        assert_eq!(grid().column(2), ['c', 'f']);
    }
}
