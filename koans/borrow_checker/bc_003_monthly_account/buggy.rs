pub struct Account {
    pub owner: String,
    cents: i64,
}

impl Account {
    pub fn open(owner: &str) -> Account {
        Account { owner: owner.to_string(), cents: 0 }
    }

    pub fn book(&mut self, cents: i64) {
        self.cents += cents;
    }
}

pub fn balance_after(owner: &str, bookings: &[i64]) -> i64 {
    let account = Account::open(owner);
    for amount in bookings {
        account.book(*amount);
    }
    account.cents
}
