#[cfg(test)]
mod tests {
    use super::*;

    fn regatta() -> Regatta {
        let results = [(1, 900, "Kiwi"), (0, 980, "Tern"), (0, 940, "Auk")];
        let result = |(penalties, seconds, boat): (u32, u64, &str)| Result { penalties, seconds, boat: boat.to_string() };
        Regatta { results: results.map(result).into() }
    }

    #[test]
    fn ranked() {
        assert_eq!(regatta().table(), ["1. Auk", "2. Tern", "3. Kiwi"]);
    }

    #[test]
    fn in_time() {
        assert_eq!(regatta().finishers(950), 2);
    }
}
