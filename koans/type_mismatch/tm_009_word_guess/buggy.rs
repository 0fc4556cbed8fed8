pub fn mask(secret: &str, guessed: &[char]) -> String {
    secret
        .chars()
        .map(|c| if guessed.contains(&c) { c } else { '_' })
        .collect()
}

pub fn guess(secret: &str, mut guessed: Vec<char>, letter: char) -> (String, bool) {
    if !guessed.contains(&letter) {
        guessed.push(letter);
    }
    let shown = mask(secret, guessed);
    let won = shown == secret;
    (shown, won)
}
