#[derive(Default)]
pub struct PrintQueue {
    pub pages: Vec<u16>,
    pub paused: bool,
}

impl PrintQueue {
    pub fn print_one(&mut self) -> String {
        if self.paused || self.pages.is_empty() {
            return format!("idle: {:?}", self);
        }
        let pages = self.pages.remove(0);
        format!("printed {pages} pages")
    }
}
