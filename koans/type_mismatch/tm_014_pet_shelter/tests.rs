#[cfg(test)]
mod tests {
    use super::*;

    fn shelter() -> Shelter {
        Shelter {
            animals: vec![
                Animal { kind: "cat", name: "Miro", days: 3 },
                Animal { kind: "dog", name: "Bo", days: 90 },
                Animal { kind: "cat", name: "Ash", days: 41 },
            ],
        }
    }

    #[test]
    fn longest_waiting_first() {
        let mut shelter = shelter();
        assert_eq!(shelter.adopt("cat").unwrap().name, "Ash");
        assert_eq!(shelter.adopt("cat").unwrap().name, "Miro");
        assert_eq!(shelter.animals, [Animal { kind: "dog", name: "Bo", days: 90 }]);
    }

    #[test]
    fn no_such_animal() {
        let mut shelter = shelter();
        assert_eq!(shelter.adopt("parrot"), None);
        assert_eq!(shelter.animals.len(), 3);
    }
}
