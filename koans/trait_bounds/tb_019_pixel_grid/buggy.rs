pub struct Grid<T> {
    pub cells: Vec<T>,
    pub width: usize,
}

impl<T> Grid<T> {
    pub fn at(&self, row: usize, column: usize) -> T {
        self.cells[row * self.width + column]
    }

    pub fn column(&self, column: usize) -> Vec<T> {
        let rows = self.cells.len() / self.width;
        (0..rows).map(|row| self.at(row, column)).collect()
    }
}
