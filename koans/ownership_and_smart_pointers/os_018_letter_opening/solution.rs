#[derive(Debug, Clone, Default)]
pub struct Person {
    pub first: String,
    pub last: String,
    pub title: Option<String>,
}

fn salutation(title: Option<&str>, formal: bool) -> String {
    match title {
        Some(title) if formal => format!("Dear {title} "),
        Some(_) | None if formal => "Dear ".to_string(),
        _ => "Hello ".to_string(),
    }
}

impl Person {
    pub fn opening(&self, formal: bool) -> String {
        let mut text = salutation(self.title.as_deref(), formal);
        text.push_str(if formal { &self.last } else { &self.first });
        text.push(',');
        text
    }
}
