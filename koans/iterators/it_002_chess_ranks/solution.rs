#[derive(Debug, PartialEq)]
pub struct View {
    pub rows: Vec<String>,
    pub black: bool,
}

pub fn turn(view: &View) -> View {
    View {
        rows: view.rows.iter().rev().map(|row| row.chars().rev().collect()).collect(),
        black: !view.black,
    }
}
