use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

#[derive(Default)]
pub struct Folder {
    bytes: Cell<u64>,
    parent: RefCell<Weak<Folder>>,
}

impl Folder {
    pub fn inside(parent: &Rc<Folder>) -> Rc<Folder> {
        let folder = Rc::new(Folder::default());
        *folder.parent.borrow_mut() = Rc::downgrade(parent);
        folder
    }

    pub fn store(self: &Rc<Self>, bytes: u64) {
        let mut next = Some(Rc::clone(self));
        while let Some(folder) = next {
            folder.bytes.set(folder.bytes.get() + bytes);
            next = folder.parent.borrow().clone();
        }
    }

    pub fn used(&self) -> u64 {
        self.bytes.get()
    }
}
