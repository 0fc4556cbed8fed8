#[derive(Debug, Clone)]
pub struct Mail {
    pub from: String,
    pub lines: Vec<String>,
    pub answers: Option<Box<Mail>>,
}

impl Mail {
    pub fn new(from: &str, text: &str) -> Self {
        Mail { from: from.to_string(), lines: text.lines().map(String::from).collect(), answers: None }
    }

    pub fn quoted(&self, depth: usize) -> String {
        let mark = ">".repeat(depth);
        let mut out = format!("{mark}{} wrote:\n", self.from);
        for line in &self.lines {
            out.push_str(&format!("{mark}{line}\n"));
        }
        if let Some(earlier) = &self.answers {
            out.push_str(&earlier.quoted(depth + 1));
        }
        out
    }
}
