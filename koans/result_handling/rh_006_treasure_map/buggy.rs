pub fn find_treasure(map: &[&str]) -> Option<(usize, usize)> {
    for (y, row) in map.iter().enumerate() {
        if let Some(x) = row.find('X') {
            return (x, y);
        }
    }
    None
}

pub fn describe(map: &[&str]) -> String {
    match find_treasure(map) {
        Some((x, y)) => format!("dig {x} east, {y} south"),
        None => "nothing but sand".to_string(),
    }
}
