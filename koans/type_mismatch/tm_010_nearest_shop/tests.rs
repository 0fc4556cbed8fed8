#[cfg(test)]
mod tests {
    use super::*;

    fn at(street: i32, avenue: i32) -> Place {
        Place { street, avenue }
    }

    #[test]
    fn counts_blocks() {
        assert_eq!(at(1, 1).blocks_to(&at(4, -1)), 5);
    }

    #[test]
    fn picks_the_nearest() {
        assert_eq!(nearest(&[at(9, 9), at(2, 3), at(0, 5)], at(1, 3)), Some(at(2, 3)));
    }

    #[test]
    fn no_vans() {
        assert_eq!(nearest(&[], at(1, 3)), None);
    }
}
