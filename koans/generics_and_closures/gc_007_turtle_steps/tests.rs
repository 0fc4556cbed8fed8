#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_do_not_count() {
        assert_eq!(distance("10 turn 5 turn -3"), Ok(18));
        assert_eq!(distance(""), Ok(0));
        assert_eq!(distance("10 up"), Err("what is `up`?".to_string()));
    }

    #[test]
    fn every_step_is_seen() {
        let turns = std::cell::Cell::new(0);
        let result = run("turn 4 turn turn", |step| {
            if let Step::Turn = step {
                turns.set(turns.get() + 1);
            }
        });
        assert_eq!((result, turns.get()), (Ok(()), 3));
    }
}
