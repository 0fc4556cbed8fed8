pub struct Chapter {
    pub number: u32,
    pub title: String,
}

impl Chapter {
    pub fn anchor(&self) -> String {
        self.title.to_lowercase().replace(' ', "-")
    }

    pub fn link(&self) -> String {
        format!("{}. [{}](#{})", self.number, self.title, self.anchor())
    }
}
