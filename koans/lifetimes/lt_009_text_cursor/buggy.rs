pub struct Cursor<'a> {
    pub text: &'a str,
    pub pos: usize,
}

impl Cursor {
    pub fn peek(&self) -> Option<char> {
        self.text[self.pos..].chars().next()
    }

    pub fn skip_blanks(&mut self) -> usize {
        let start = self.pos;
        while self.peek() == Some(' ') {
            self.pos += 1;
        }
        self.pos - start
    }
}
