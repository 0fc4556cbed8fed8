pub struct Visitor {
    pub chosen: Option<String>,
    pub browser: Option<String>,
}

fn hello(code: &str) -> Option<&'static str> {
    let words = [("en", "Hello"), ("is", "Halló"), ("eu", "Kaixo")];
    words.iter().find(|(language, _)| *language == code).map(|(_, word)| *word)
}

impl Visitor {
    pub fn greeting(&self) -> String {
        for wish in [&self.chosen, &self.browser] {
            let code = wish.as_ref().unwrap_or("?");
            if let Some(word) = hello(code) {
                return format!("{word}!");
            }
        }
        "Hi!".to_owned()
    }
}
