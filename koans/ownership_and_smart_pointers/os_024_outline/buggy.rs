use std::cell::Cell;
use std::rc::{Rc, Weak};

#[derive(Default)]
pub struct Heading {
    number: u32,
    above: Weak<Heading>,
    below: Cell<u32>,
}

impl Heading {
    pub fn top(number: u32) -> Rc<Heading> {
        Rc::new(Heading { number, ..Heading::default() })
    }

    pub fn append(self: &Rc<Self>) -> Rc<Heading> {
        let number = self.below.get() + 1;
        self.below.set(number);
        Rc::new(Heading { number, above: Rc::downgrade(self), below: Cell::new(0) })
    }

    pub fn label(&self) -> String {
        if let Some(above) = self.above {
            return format!("{}.{}", above.label(), self.number);
        }
        self.number.to_string()
    }
}
