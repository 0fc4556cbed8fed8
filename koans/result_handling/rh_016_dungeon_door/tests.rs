#[cfg(test)]
mod tests {
    use super::*;

    fn rooms() -> Vec<Room> {
        vec![
            Room { name: "hall", doors: HashMap::from([("north", 1), ("down", 7)]) },
            Room { name: "library", doors: HashMap::new() },
        ]
    }

    #[test]
    fn goes_on() {
        assert_eq!(walk(&rooms(), 0, "north"), Ok("you are in the library".to_string()));
    }

    #[test]
    fn locked() {
        assert_eq!(walk(&rooms(), 0, "down"), Err("the down door of the hall is locked".to_string()));
    }

    #[test]
    fn no_door() {
        assert!(walk(&rooms(), 1, "south").is_err());
    }
}
