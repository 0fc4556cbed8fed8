pub struct Stairs {
    pub steps: usize,
    pub block: &'static str,
}

impl Stairs {
    pub fn draw(&self) -> String {
        let mut picture = String::new();
        for step in self.steps {
            if step > 0 {
                picture.push('\n');
            }
            picture.push_str(&self.block.repeat(2 * step + 1));
        }
        picture
    }
}
