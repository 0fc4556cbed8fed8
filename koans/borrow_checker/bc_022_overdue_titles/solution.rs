pub struct Loan {
    pub title: String,
    pub days: u32,
}

pub fn overdue_titles(loans: &[Loan], limit: u32) -> Vec<String> {
    loans.iter().filter(|loan| loan.days > limit).map(|loan| loan.title.clone()).collect()
}

pub fn fine_cents(loans: &[Loan], limit: u32) -> u32 {
    loans.iter().map(|loan| loan.days.saturating_sub(limit) * 20).sum()
}
