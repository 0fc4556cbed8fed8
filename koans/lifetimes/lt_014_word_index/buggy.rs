/// Adds the words of `line` that `seen` does not hold yet; returns how many.
pub fn remember(seen: &mut Vec<&str>, line: &str) -> usize {
    let before = seen.len();
    for word in line.split(' ') {
        if !seen.contains(&word) {
            seen.push(word);
        }
    }
    seen.len() - before
}

pub fn vocabulary(text: &str) -> usize {
    let mut seen = Vec::new();
    text.lines().map(|line| remember(&mut seen, line)).sum()
}
