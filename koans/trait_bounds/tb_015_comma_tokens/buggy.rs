#[derive(Clone, Debug)]
pub enum Token {
    Comma,
    Close,
    Word(String),
}

pub fn lex(source: &str) -> Vec<Token> {
    let to_token = |word: &str| match word {
        "," => Token::Comma,
        ")" => Token::Close,
        other => Token::Word(other.to_string()),
    };
    source.split(' ').map(to_token).collect()
}

pub fn arguments(tokens: &[Token]) -> usize {
    let call = tokens.iter().take_while(|t| **t != Token::Close);
    call.filter(|t| **t == Token::Comma).count() + 1
}
