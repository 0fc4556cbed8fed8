#[derive(Debug, Default, PartialEq)]
pub struct Command {
    pub verb: Option<String>,
    pub argument: Option<String>,
}

pub fn split(line: &str) -> Command {
    let mut words = line.split_whitespace().map(str::to_lowercase);
    Command { verb: words.next(), argument: words.next() }
}

pub fn answer(command: &Command, roll: impl Fn(u32) -> u32) -> String {
    let sides = command.argument.as_ref().and_then(|text| text.parse().ok()).unwrap_or(6);
    match command.verb.as_ref() {
        Some("/roll") if sides > 1 => format!("{} of {sides}", roll(sides)),
        Some(other) => format!("{other}?"),
        None => String::new(),
    }
}
