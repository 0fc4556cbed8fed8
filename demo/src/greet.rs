pub fn greet(name: &str) -> String {
    format!("hello {}", name)
}

pub fn guest() -> String {
    "stranger"
}
