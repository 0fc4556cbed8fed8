fn shift(letter: char, key: u8) -> char {
    if !letter.is_ascii_lowercase() {
        return letter;
    }
    let place = (letter as u8 - b'a' + key) % 26;
    (b'a' + place) as char
}

pub fn encrypt(text: &str, key: u8) -> impl Iterator<Item = char> + '_ {
    text.chars().map(move |letter| shift(letter, key))
}
