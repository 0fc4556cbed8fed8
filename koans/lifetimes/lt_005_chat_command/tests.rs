#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_text() {
        assert_eq!(answer(&Command::Say("hello")), "you say: hello");
    }

    #[test]
    fn other_commands() {
        assert_eq!(answer(&Command::Roll(20)), "a die with 20 sides");
        assert_eq!(answer(&Command::Quit), "bye");
    }
}
