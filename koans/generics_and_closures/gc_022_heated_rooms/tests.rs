#[cfg(test)]
mod tests {
    use super::*;

    struct Room(i32);

    impl Heated for Room {
        fn warm(&mut self, degrees: i32) {
            self.0 += degrees;
        }

        fn is_cosy(&self) -> bool {
            self.0 >= 20
        }
    }

    #[test]
    fn until_all_are_cosy() {
        let mut house = House { rooms: vec![Room(18), Room(21), Room(19)], used: 0 };
        while house.heat() {}
        assert_eq!(house.used, 3);
        assert_eq!(house.rooms.iter().map(|r| r.0).collect::<Vec<i32>>(), [20, 21, 20]);
    }
}
