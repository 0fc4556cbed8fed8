pub trait Greeter {
    fn language(&self) -> &str;
    fn greet(&self, name: &str) -> String;
    fn introduce(&self, name: &str) -> String {
        format!("[{}] {}", self.language(), self.greet(name))
    }
}

pub struct Robot {
    pub code: String,
    pub hello: String,
}

impl Greeter for Robot {
    fn language(&self) -> &str {
        &self.code
    }
}
