pub fn clean(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

pub fn longest_repeated(sentence: &str) -> Option<String> {
    let words: Vec<String> = sentence.split_whitespace().map(clean).collect();
    let mut best: Option<String> = None;
    for word in words.iter() {
        let repeated = words.iter().filter(|other| *other == word).count() > 1;
        let longer = word.len() > best.as_ref().map_or(0, |b| b.len());
        if repeated && longer {
            best = Some(word.clone());
        }
    }
    best
}
