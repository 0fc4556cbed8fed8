#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_tax() {
        assert_eq!(with_tax("de")(1000), 1190);
        assert_eq!(gross("se", &[100, 400]), [125, 500]);
    }

    #[test]
    fn other_countries() {
        assert_eq!(with_tax("xx")(50), 60);
    }
}
