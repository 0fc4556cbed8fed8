#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_ways() {
        assert_eq!(Grid::default().ways(2, 2), 6);
        assert_eq!(Grid::default().ways(0, 3), 1);
    }

    #[test]
    fn each_cell_once() {
        let grid = Grid::default();
        assert_eq!(grid.ways(10, 10), 184_756);
        assert_eq!(grid.counted.get(), 100);
    }
}
