#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_numbers() {
        let mut apiary = Apiary::default();
        assert_eq!(apiary.register(7, " Maja "), Ok(1));
        assert_eq!(apiary.register(9, "Willi"), Ok(2));
        assert_eq!(apiary.queens(), ["Maja", "Willi"]);
    }

    #[test]
    fn refused() {
        let mut apiary = Apiary::default();
        apiary.register(7, "Maja").unwrap();
        assert_eq!(apiary.register(7, "Thekla"), Err("7 belongs to Maja".to_string()));
        assert_eq!(apiary.register(8, "  "), Err("a hive needs a queen".to_string()));
    }
}
