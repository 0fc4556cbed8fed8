#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    Number(i64),
    Name(String),
    End,
}

pub struct Parser {
    pub tokens: Vec<Token>,
    pub pos: usize,
}

impl Parser {
    pub fn advance(&mut self) -> Token {
        if self.pos >= self.tokens.len() {
            return Token::End;
        }
        let token = self.tokens[self.pos];
        self.pos += 1;
        token
    }
}
