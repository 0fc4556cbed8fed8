pub enum Command<'a> {
    Say(&'a str),
    Roll(u32),
    Quit,
}

pub fn answer(command: &Command) -> String {
    match command {
        Command::Say(text) => format!("you say: {text}"),
        Command::Roll(sides) => format!("a die with {sides} sides"),
        Command::Quit => "bye".to_string(),
    }
}
