pub struct Chapter {
    pub number: u32,
    pub title: String,
}

impl Chapter {
    pub fn anchor(&self) -> &str {
        self.title.to_lowercase().replace(' ', "-").as_str()
    }

    pub fn link(&self) -> String {
        format!("{}. [{}](#{})", self.number, self.title, self.anchor())
    }
}
