use std::fmt;

pub fn menu<T>(title: &str, choices: &[T]) -> Vec<String> {
    let mut lines = vec![title.to_uppercase()];
    for (i, choice) in choices.iter().enumerate() {
        lines.push(format!("{}) {choice}", i + 1));
    }
    lines
}

pub struct Coffee(pub u8);

impl fmt::Display for Coffee {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "coffee no. {}", self.0)
    }
}
