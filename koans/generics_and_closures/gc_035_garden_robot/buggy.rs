pub trait Task {
    /// One day's work; the days that are left.
    fn work(&mut self) -> u32;
    fn name(&self) -> String;
}

#[derive(Default)]
pub struct Robot {
    pub plan: Vec<Box<Task>>,
    pub diary: Vec<String>,
}

impl Robot {
    pub fn day(&mut self) -> usize {
        let diary = &mut self.diary;
        self.plan.retain_mut(|task| {
            let left = task.work();
            if left == 0 {
                diary.push(format!("{} done", task.name()));
            }
            left > 0
        });
        self.plan.len()
    }
}
