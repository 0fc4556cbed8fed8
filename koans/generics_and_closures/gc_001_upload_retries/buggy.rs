#[derive(Debug, PartialEq)]
pub enum Outcome {
    Done(u32),
    GaveUp,
}

pub struct Uploader {
    pub tries: u32,
    pub log: Vec<String>,
}

impl Uploader {
    pub fn upload<S>(&mut self, send: S) -> Outcome {
        for attempt in 1..=self.tries {
            match send(attempt) {
                Ok(bytes) => return Outcome::Done(bytes),
                Err(reason) => self.log.push(format!("attempt {attempt}: {reason}")),
            }
        }
        Outcome::GaveUp
    }
}
