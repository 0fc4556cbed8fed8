/// None if a bracket is closed that was never opened, or stays open.
pub fn bracket_depth(source: &str) -> Option<usize> {
    let open = 0usize;
    let mut deepest = 0;
    for c in source.chars() {
        match c {
            '(' | '[' => {
                open += 1;
                deepest = deepest.max(open);
            }
            ')' | ']' => open = open.checked_sub(1)?,
            _ => {}
        }
    }
    if open == 0 {
        Some(deepest)
    } else {
        None
    }
}
