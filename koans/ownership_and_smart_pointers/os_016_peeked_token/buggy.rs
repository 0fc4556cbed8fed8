use std::str::SplitWhitespace;

#[derive(Debug, PartialEq)]
pub enum Token {
    Number(i64),
    Word(String),
    End,
}

pub struct Scanner<'a> {
    words: SplitWhitespace<'a>,
    peeked: Option<Token>,
}

impl<'a> Scanner<'a> {
    pub fn new(line: &'a str) -> Self {
        Scanner { words: line.split_whitespace(), peeked: None }
    }

    pub fn peek(&mut self) -> &Token {
        let token = self.token();
        self.peeked.insert(token)
    }

    pub fn token(&mut self) -> Token {
        if let Some(token) = self.peeked {
            return token;
        }
        match self.words.next() {
            Some(word) => word.parse().map_or_else(|_| Token::Word(word.to_string()), Token::Number),
            None => Token::End,
        }
    }
}
