pub struct Account {
    pub owner: String,
    pub cents: i64,
}

pub fn find(accounts: &[Account], owner: &str) -> Option<&Account> {
    accounts.iter().find(|account| account.owner == owner)
}

pub fn balance(accounts: &[Account], owner: &str) -> i64 {
    find(accounts, owner).map_or(0, |account| account.cents)
}
