use std::cell::RefCell;
use std::rc::{Rc, Weak};

#[derive(Default)]
pub struct Room {
    pub lines: RefCell<Vec<String>>,
}

pub struct Member {
    name: String,
    room: Weak<Room>,
}

impl Member {
    pub fn join(room: &Rc<Room>, name: &str) -> Member {
        room.lines.borrow_mut().push(format!("* {name} joined"));
        Member { name: name.to_string(), room: Rc::downgrade(room) }
    }

    pub fn say(&self, text: &str) -> Result<usize, String> {
        let room: Option<Rc<Room>> = self.room.upgrade();
        let room = room.ok_or_else(|| format!("{} is alone", self.name))?;
        let mut lines = room.lines.borrow_mut();
        lines.push(format!("{}: {text}", self.name));
        Ok(lines.len())
    }
}
