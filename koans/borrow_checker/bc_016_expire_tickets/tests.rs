#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_only_the_old() {
        let mut tickets: Vec<Ticket> =
            (1..=4).map(|n| Ticket { code: n, valid_until: u64::from(n) * 10 }).collect();
        assert_eq!(remove_expired(&mut tickets, 25), 2);
        assert_eq!(codes(&tickets), [3, 4]);
    }

    #[test]
    fn empty_list() {
        assert_eq!(remove_expired(&mut Vec::new(), 1), 0);
    }
}
