pub struct Token<'a> {
    pub text: &'a str,
    pub column: usize,
}

pub fn underline(token: &Token) -> String {
    let indent = " ".repeat(token.column);
    let marks = "^".repeat(token.text.chars().count());
    indent + &marks
}

pub fn report(line: &str, token: &Token, problem: &str) -> String {
    format!("{line}\n{} {problem}", underline(token))
}
