pub struct Editor {
    pub lines: Vec<String>,
}

impl Editor {
    pub fn append(&mut self, text: &str) -> String {
        if self.lines.is_empty() {
            self.lines.push(text.to_string());
            return "first line".to_string();
        }
        let last = self.lines[self.lines.len() - 1].clone();
        self.lines.push(text.to_string());
        format!("after {last}")
    }
}
