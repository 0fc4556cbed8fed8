pub struct Loom {
    pub threads: usize,
    pub check: usize,
}

impl Loom {
    fn knot(&self, row: usize, column: usize) -> char {
        if (row / self.check + column / self.check) % 2 == 1 { '.' } else { '#' }
    }

    /// `rows` lines of cloth, each as wide as the loom.
    pub fn weave(&self, rows: usize) -> Vec<String> {
        let mut cloth = Vec::new();
        for row in 0..rows {
            let line: String = (0..self.threads).map(|column| self.knot(row, column)).collect();
            cloth.push(line);
        }
        cloth
    }
}

pub fn dark_knots(cloth: &[String]) -> usize {
    cloth.iter().map(|line| line.matches('#').count()).sum()
}
