#[cfg(test)]
mod tests {
    use super::*;

    fn choir() -> Choir {
        let singers = [("Ida", 'S'), ("Ole", 'B'), ("Eva", 'S'), ("Kai", 'T')];
        Choir { singers: singers.iter().map(|(name, voice)| (name.to_string(), *voice)).collect() }
    }

    #[test]
    fn counts() {
        let voices: Vec<(char, usize)> = choir().voices().into_iter().collect();
        assert_eq!(voices, [('B', 1), ('S', 2), ('T', 1)]);
    }

    #[test]
    fn alone() {
        assert_eq!(choir().soloists(), ["Ole", "Kai"]);
    }
}
