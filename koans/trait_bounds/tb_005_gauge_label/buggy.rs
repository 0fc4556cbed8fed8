use std::fmt::Display;

pub struct Gauge<T> {
    pub name: &'static str,
    pub value: T,
}

impl<T> Gauge<T> {
    pub fn label(&self, unit: &str) -> String {
        format!("{}: {} {unit}", self.name, self.value)
    }
}
