pub struct Template {
    pieces: Vec<String>,
    counter: u32,
}

impl Template {
    pub fn new(first: u32) -> Self {
        Template { pieces: Vec::new(), counter: first }
    }

    fn next_label(&mut self) -> String {
        self.counter += 1;
        format!("[{}]", self.counter - 1)
    }

    pub fn expand(&mut self, line: &str) -> String {
        for word in line.split(' ') {
            if word == "#" {
                self.pieces.push(self.next_label());
            } else {
                self.pieces.push(word.to_string());
            }
        }
        std::mem::take(&mut self.pieces).join(" ")
    }
}
