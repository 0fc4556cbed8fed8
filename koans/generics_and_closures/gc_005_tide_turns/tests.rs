#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest() {
        let table = TideTable { heights: vec![2, 5, 3, 1, 4, 7, 6] };
        assert_eq!(table.highest_turn(), Some(7));
        assert_eq!(TideTable { heights: vec![1, 2, 3] }.highest_turn(), None);
    }

    #[test]
    fn hours_are_counted_from_the_start() {
        let seen = std::cell::RefCell::new(vec![]);
        let table = TideTable { heights: vec![2, 5, 3, 1, 4] };
        table.turns(|hour, height| seen.borrow_mut().push((hour, height)));
        assert_eq!(seen.into_inner(), [(1, 5), (3, 1)]);
    }
}
