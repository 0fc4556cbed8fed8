pub fn table_row<T>(cells: &[T], width: usize) -> String {
    let padded: Vec<String> = cells.iter().map(|cell| format!("{cell:>width$}")).collect();
    format!("|{}|", padded.join("|"))
}

/// The line between two rows.
pub fn rule(columns: usize, width: usize) -> String {
    vec!["-".repeat(width); columns].join("+")
}
