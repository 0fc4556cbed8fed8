#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_are_there() {
        let mut station = Station::default();
        let hall = station.connect();
        let door = station.connect();
        assert_eq!(station.measured(21.5), 2);
        assert_eq!((*hall.degrees.lock().unwrap(), *door.degrees.lock().unwrap()), (21.5, 21.5));
        drop(door);
        assert_eq!(station.measured(-3.0), 1);
        assert_eq!(*hall.degrees.lock().unwrap(), -3.0);
    }
}
