pub struct Machine {
    stack: Vec<i64>,
}

impl Machine {
    pub fn new(stack: Vec<i64>) -> Self {
        Machine { stack }
    }

    pub fn apply(&mut self, op: char) -> Result<i64, String> {
        if self.stack.len() < 2 {
            return Err(format!("{op} needs two numbers"));
        }
        let right = self.stack.split_off(self.stack.len() - 1)[0];
        let left = self.stack.pop()?;
        let value = match op {
            '+' => left + right,
            '-' => left - right,
            '*' => left * right,
            other => return Err(format!("unknown operator {other}")),
        };
        self.stack.push(value);
        Ok(value)
    }
}
