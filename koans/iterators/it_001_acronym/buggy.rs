pub fn acronym(name: &str) -> String {
    let letters: Vec<char> = name
        .split([' ', '-'])
        .filter(|word| word.len() > 2)
        .filter_map(|word| word.chars().next())
        .map(|letter| letter.to_ascii_uppercase());
    if letters.len() < 2 {
        return name.to_string();
    }
    letters.iter().collect()
}
