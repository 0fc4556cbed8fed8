use std::collections::HashSet;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cave(pub String);

pub fn reachable(tunnels: &[(Cave, Cave)], start: &Cave) -> usize {
    let mut seen: HashSet<Cave> = HashSet::new();
    let mut open = vec![start.clone()];
    while let Some(cave) = open.pop() {
        for (a, b) in tunnels {
            if *a == cave && !seen.contains(b) {
                open.push(b.clone());
            }
        }
        seen.insert(cave);
    }
    seen.len()
}
