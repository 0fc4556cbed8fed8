use std::collections::HashMap;

/// Case does not matter: "The" and "the" are one word.
pub fn word_counts(text: &str) -> HashMap<String, usize> {
    let counts = HashMap::new();
    for word in text.split_whitespace() {
        let key = word.to_lowercase();
        *counts.entry(key).or_insert(0) += 1;
    }
    counts
}

pub fn most_frequent(text: &str) -> Option<String> {
    let counts = word_counts(text);
    counts.into_iter().max_by_key(|(_, n)| *n).map(|(w, _)| w)
}
