#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tile {
    Wall,
    Floor,
    Sign(String),
}

pub struct Map {
    pub rows: Vec<Vec<Tile>>,
}

impl Map {
    pub fn tile(&self, x: usize, y: usize) -> Tile {
        if y >= self.rows.len() || x >= self.rows[y].len() {
            return Tile::Wall;
        }
        self.rows[y][x].clone()
    }
}
