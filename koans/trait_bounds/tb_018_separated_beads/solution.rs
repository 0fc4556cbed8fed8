pub fn intersperse<T: Clone>(beads: Vec<T>, spacer: T) -> Vec<T> {
    let mut necklace = Vec::new();
    for bead in beads {
        if !necklace.is_empty() {
            necklace.push(spacer.clone());
        }
        necklace.push(bead);
    }
    necklace
}

pub fn dashed(letters: &str) -> String {
    intersperse(letters.chars().collect(), '-').into_iter().collect()
}
