pub struct Recipe<'a> {
    rest: &'a str,
}

impl<'a> Recipe<'a> {
    pub fn new(text: &'a str) -> Self {
        Recipe { rest: text.trim() }
    }

    pub fn next_step(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let (step, rest) = self.rest.split_once(';').unwrap_or((self.rest, ""));
        self.rest = rest.trim_start();
        Some(step)
    }
}
