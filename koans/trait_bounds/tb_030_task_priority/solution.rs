#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
pub enum Priority {
    Low,
    Normal,
    Urgent,
}

pub struct Task {
    pub title: String,
    pub priority: Priority,
}

pub fn interrupts(new: &Task, current: Option<&Task>) -> bool {
    match current {
        Some(task) => new.priority > task.priority,
        None => true,
    }
}
