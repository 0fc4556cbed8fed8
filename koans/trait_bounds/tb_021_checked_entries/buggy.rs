pub fn ticked<T>(entries: &[(T, bool)]) -> Vec<T> {
    let mut done = Vec::new();
    for entry in entries {
        if entry.1 {
            done.push(entry.0);
        }
    }
    done
}

pub fn progress(entries: &[(u32, bool)]) -> usize {
    ticked(entries).len() * 100 / entries.len().max(1)
}
