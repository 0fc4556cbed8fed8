use std::collections::VecDeque;

#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    pub pages: u32,
    pub retried: bool,
}

#[derive(Default)]
pub struct Queue {
    waiting: VecDeque<Job>,
}

impl Queue {
    pub fn submit(&mut self, pages: u32) {
        self.waiting.push_back(Job { pages, retried: false });
    }

    pub fn drain(&mut self, print: impl FnMut(&Job) -> bool) -> Vec<Job> {
        let mut failed = Vec::new();
        while let Some(job) = self.waiting.pop_front() {
            match print(&job) {
                true => continue,
                false if job.retried => failed.push(job),
                false => self.waiting.push_back(Job { retried: true, ..job }),
            }
        }
        failed
    }
}
