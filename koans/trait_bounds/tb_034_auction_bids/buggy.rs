#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Money(pub f64);

pub struct Auction {
    pub best: Money,
    pub leader: Option<String>,
}

impl Auction {
    pub fn bid(&mut self, bidder: &str, amount: Money) -> bool {
        if amount <= self.best {
            return false;
        }
        self.best = amount;
        self.leader = Some(bidder.to_string());
        true
    }
}
