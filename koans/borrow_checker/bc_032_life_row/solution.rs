pub fn alive_neighbours(row: &[bool], at: usize) -> usize {
    let low = at.saturating_sub(1);
    let high = (at + 1).min(row.len() - 1);
    (low..=high).filter(|&i| i != at && row[i]).count()
}

pub fn draw(row: &[bool]) -> String {
    row.iter().map(|&alive| if alive { '#' } else { '.' }).collect()
}
