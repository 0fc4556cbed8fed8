#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_ones_go() {
        let mut inbox = Inbox { ids: vec![3, 9, 12, 5], pinned: vec![] };
        assert_eq!(inbox.forget_before(9), 2);
        assert_eq!(inbox.ids, [9, 12]);
    }

    #[test]
    fn pinned_ones_stay() {
        let mut inbox = Inbox { ids: vec![1, 2, 3], pinned: vec![2] };
        assert_eq!(inbox.forget_before(100), 2);
        assert_eq!(inbox.ids, [2]);
    }
}
