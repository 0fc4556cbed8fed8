pub trait Plugin {
    fn name(&self) -> String;
    fn run(&self, text: &str) -> String;
}

pub struct Repeat {
    pub times: usize,
}

impl Plugin for Repeat {
    fn name(&self) -> String {
        format!("repeat x{}", self.times)
    }
    fn run(&self, text: &str) -> String {
        text.repeat(self.times)
    }
}

pub fn run_all(plugins: &[Repeat], text: &str) -> (String, Vec<String>) {
    let result = plugins.iter().fold(text.to_string(), |t, p| p.run(&t));
    (result, plugins.iter().map(|p| p.name()).collect())
}
