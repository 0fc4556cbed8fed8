#[cfg(test)]
mod tests {
    use super::*;

    fn pill(milligrams: u32) -> Medicine {
        Medicine { name: "ibuprofen".to_string(), milligrams }
    }

    #[test]
    fn adds_to_the_shelf() {
        let mut shelf = HashMap::new();
        assert_eq!(deliver(&mut shelf, vec![(pill(200), 3), (pill(200), 4)]), 7);
        assert_eq!(shelf[&pill(200)], 7);
    }

    #[test]
    fn strengths_are_apart() {
        let mut shelf = HashMap::new();
        deliver(&mut shelf, vec![(pill(200), 1), (pill(400), 1)]);
        assert_eq!(shelf.len(), 2);
    }
}
