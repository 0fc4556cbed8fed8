#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_trains_have_a_track() {
        assert_eq!(board(4, &Status::OnTime), "track 4, on time");
        assert_eq!(board(11, &Status::Late(7)), "track 11, 7 min late");
        assert_eq!(board(2, &Status::Late(125)), "track 2, 2 h late");
    }

    #[test]
    fn cancelled_trains_have_none() {
        assert_eq!(board(4, &Status::Cancelled), "cancelled");
    }
}
