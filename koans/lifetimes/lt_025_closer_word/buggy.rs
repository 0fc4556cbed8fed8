fn distance(a: &str, b: &str) -> usize {
    let differing = a.bytes().zip(b.bytes()).filter(|(x, y)| x != y).count();
    differing + a.len().max(b.len()) - a.len().min(b.len())
}

pub fn suggest(known: &[&str], typed: &str) -> Option<&str> {
    let best = known.iter().copied().min_by_key(|word| distance(word, typed))?;
    if distance(best, typed) > 2 {
        None
    } else {
        Some(best)
    }
}
