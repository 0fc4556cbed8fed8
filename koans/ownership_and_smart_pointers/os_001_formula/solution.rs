use std::collections::HashMap;

pub enum Formula {
    Constant(f64),
    Named(String),
    Ratio { over: Box<Formula>, under: Box<Formula> },
    Scaled(f64, Box<Formula>),
}

impl Formula {
    pub fn evaluate(&self, known: &HashMap<String, f64>) -> Option<f64> {
        match self {
            Formula::Constant(value) => Some(*value),
            Formula::Named(name) => known.get(name).copied(),
            Formula::Scaled(factor, inner) => Some(factor * inner.evaluate(known)?),
            Formula::Ratio { over, under } => {
                let divisor = under.evaluate(known)?;
                if divisor == 0.0 {
                    return None;
                }
                Some(over.evaluate(known)? / divisor)
            }
        }
    }
}
