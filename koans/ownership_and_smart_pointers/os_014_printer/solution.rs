use std::collections::VecDeque;

#[derive(Debug, PartialEq)]
pub struct Job {
    pub title: String,
    pub pages: u32,
}

#[derive(Default)]
pub struct Printer {
    current: Option<Job>,
    waiting: VecDeque<Job>,
    pub printed: u32,
}

impl Printer {
    pub fn submit(&mut self, title: &str, pages: u32) {
        let job = Job { title: title.to_string(), pages };
        match self.current {
            Some(_) => self.waiting.push_back(job),
            None => self.current = Some(job),
        }
    }

    pub fn finish(&mut self) -> Option<Job> {
        let done = self.current.take()?;
        self.printed += done.pages;
        self.current = self.waiting.pop_front();
        Some(done)
    }
}
