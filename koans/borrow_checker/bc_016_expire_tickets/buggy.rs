pub struct Ticket {
    pub code: u32,
    pub valid_until: u64,
}

pub fn remove_expired(tickets: &Vec<Ticket>, now: u64) -> usize {
    let before = tickets.len();
    tickets.retain(|t| t.valid_until >= now);
    before - tickets.len()
}

pub fn codes(tickets: &[Ticket]) -> Vec<u32> {
    tickets.iter().map(|t| t.code).collect()
}
