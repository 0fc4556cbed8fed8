use std::rc::{Rc, Weak};

pub struct Clerk {
    pub name: &'static str,
    pub limit: u32,
    pub superior: Weak<Clerk>,
}

pub fn hire(name: &'static str, limit: u32, superior: Option<&Rc<Clerk>>) -> Rc<Clerk> {
    let superior = superior.map_or_else(Weak::new, Rc::downgrade);
    Rc::new(Clerk { name, limit, superior })
}

pub fn signer(clerk: &Rc<Clerk>, sum: u32) -> Option<Rc<Clerk>> {
    let mut signer = Rc::clone(clerk);
    while signer.limit < sum {
        let next = match signer.superior {
            Some(superior) if superior.limit > signer.limit => superior,
            _ => return None,
        };
        signer = next;
    }
    Some(signer)
}
