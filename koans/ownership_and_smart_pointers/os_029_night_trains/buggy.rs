use std::cell::RefCell;
use std::rc::{Rc, Weak};

pub struct Station {
    pub town: String,
    lines: RefCell<Vec<(Weak<Station>, u32)>>,
}

impl Station {
    pub fn open(town: &str) -> Rc<Station> {
        Rc::new(Station { town: town.to_string(), lines: RefCell::new(Vec::new()) })
    }

    pub fn connect(&self, other: &Rc<Station>, hours: u32) {
        self.lines.borrow_mut().push((Rc::downgrade(other), hours));
    }
}

pub fn reachable(from: &Station, hours: u32) -> Vec<String> {
    let mut towns = vec![from.town.clone()];
    for (stop, time) in from.lines.borrow().iter() {
        if *time > hours {
            continue;
        }
        if let Some(next) = stop {
            towns.extend(reachable(&next, hours - time));
        }
    }
    towns
}
