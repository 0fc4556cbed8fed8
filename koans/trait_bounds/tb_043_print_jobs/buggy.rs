use std::collections::BinaryHeap;

#[derive(PartialEq, Eq, PartialOrd)]
pub struct Job {
    pub urgency: u8,
    pub title: String,
}

pub struct Printer {
    jobs: BinaryHeap<Job>,
    printed: usize,
}

impl Printer {
    pub fn new(jobs: Vec<Job>) -> Self {
        Printer { jobs: jobs.into(), printed: 0 }
    }

    pub fn add(&mut self, urgency: u8, title: &str) {
        self.jobs.push(Job { urgency, title: title.to_string() });
    }

    pub fn print_next(&mut self) -> Option<String> {
        let job = self.jobs.pop()?;
        self.printed += 1;
        Some(format!("{}: {}", self.printed, job.title))
    }
}
