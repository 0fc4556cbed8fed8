pub fn pad(cell: &str, width: usize) -> String {
    format!("{cell:<width$}|")
}

pub fn pad_column(cells: Vec<String>) -> Vec<String> {
    let mut width = 0;
    for cell in &cells {
        if cell.len() > width {
            width = cell.len();
        }
    }
    cells.iter().map(|cell| pad(cell, width)).collect()
}
