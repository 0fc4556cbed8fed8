#[derive(Debug)]
pub struct Account {
    pub balance: u64,
}

impl Account {
    fn withdraw(&mut self, amount: u64) -> Result<u64, String> {
        if amount > self.balance {
            return Err(format!("short of {}", amount - self.balance));
        }
        self.balance -= amount;
        Ok(amount)
    }
}

pub fn transfer(from: &mut Account, to: &mut Account, amount: u64) -> Result<u64, String> {
    let fee = amount / 100;
    let moved: u64 = from.withdraw(amount + fee);
    to.balance += moved - fee;
    Ok(fee)
}
