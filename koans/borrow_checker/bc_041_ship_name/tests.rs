#[cfg(test)]
mod tests {
    use super::*;

    fn fleet(flagship: usize) -> Fleet {
        Fleet { ships: vec!["Argo".to_string(), "Beagle".to_string()], flagship }
    }

    #[test]
    fn named_after_the_flagship() {
        assert_eq!(fleet(1).name(), "Beagle's fleet");
        assert_eq!(fleet(1).ships[1], "Beagle");
    }

    #[test]
    fn no_flagship() {
        assert_eq!(fleet(2).name(), "nameless fleet");
    }
}
