#[cfg(test)]
mod tests {
    use super::*;

    fn guests() -> Vec<Guest> {
        [("Rosa", 71), ("Ben", 9), ("Ada", 8), ("Carl", 34)]
            .iter()
            .map(|(name, age)| Guest { name: name.to_string(), age: *age })
            .collect()
    }

    #[test]
    fn children_sit_together() {
        let seated = seat_by(&guests(), |guest: &Guest| guest.age < 18);
        assert_eq!(seated[&true], ["Ada", "Ben"]);
        assert_eq!(seated[&false], ["Carl", "Rosa"]);
    }

    #[test]
    fn by_the_first_letter() {
        let seated = seat_by(&guests(), |guest: &Guest| guest.name.chars().next());
        assert_eq!(seated.len(), 4);
        assert_eq!(seated[&Some('R')], ["Rosa"]);
    }
}
