pub struct Maze {
    pub cells: Vec<Vec<char>>,
}

impl Maze {
    pub fn parse(text: &str) -> Maze {
        Maze { cells: text.lines().map(|line| line.chars().collect()).collect() }
    }

    pub fn is_wall(&self, x: i32, y: i32) -> bool {
        if x < 0 || y < 0 || y >= self.cells.len() as i32 {
            return true;
        }
        let row = &self.cells[y as usize];
        match row.get(x as usize) {
            Some(cell) => *cell == '#',
            None => true,
        }
    }
}
