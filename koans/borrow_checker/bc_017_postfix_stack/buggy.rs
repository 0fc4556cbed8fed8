#[derive(Default)]
pub struct Stack {
    values: Vec<i64>,
}

impl Stack {
    fn pop(&self) -> Option<i64> {
        self.values.pop()
    }

    pub fn eval(&mut self, source: &str) -> Option<i64> {
        for word in source.split(' ') {
            let value = match word {
                "+" => self.pop()? + self.pop()?,
                "*" => self.pop()? * self.pop()?,
                number => number.parse().ok()?,
            };
            self.values.push(value);
        }
        self.pop()
    }
}
