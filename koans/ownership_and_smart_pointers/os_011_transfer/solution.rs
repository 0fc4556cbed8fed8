use std::cell::RefCell;
use std::rc::Rc;

#[derive(Debug)]
pub struct Account {
    pub cents: u64,
    pub frozen: bool,
}

impl Account {
    fn withdraw(&mut self, cents: u64) -> Result<(), String> {
        if self.frozen {
            return Err("frozen".to_string());
        }
        self.cents = self.cents.checked_sub(cents).ok_or("too little")?;
        Ok(())
    }
}

pub type Shared = Rc<RefCell<Account>>;

pub fn transfer(from: &Shared, to: &Shared, cents: u64) -> Result<u64, String> {
    from.borrow_mut().withdraw(cents)?;
    let mut target = to.borrow_mut();
    target.cents += cents;
    Ok(target.cents)
}
