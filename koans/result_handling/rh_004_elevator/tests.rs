#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn travels_up_and_down() {
        let mut lift = Elevator { floor: 2, top: 9, doors_open: false };
        assert_eq!(lift.go_to(7), Ok(5));
        assert_eq!(lift.go_to(0), Ok(7));
        assert_eq!(lift.floor, 0);
    }

    #[test]
    fn stays_where_it_is() {
        let mut lift = Elevator { floor: 2, top: 9, doors_open: true };
        assert_eq!(lift.go_to(3), Err("close the doors first"));
        lift.doors_open = false;
        assert_eq!(lift.go_to(10), Err("no such floor"));
        assert_eq!(lift.floor, 2);
    }
}
