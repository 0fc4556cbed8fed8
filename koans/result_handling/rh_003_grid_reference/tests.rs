#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_square() {
        assert_eq!(locate("C7"), Some((2, 6)));
        assert_eq!(locate("A1"), Some((0, 0)));
    }

    #[test]
    fn refuses_what_is_no_reference() {
        assert_eq!(locate("c7"), None);
        assert_eq!(locate("B0"), None);
        assert_eq!(locate("Bx"), None);
        assert_eq!(locate(""), None);
    }

    #[test]
    fn columns_count_from_a() {
        assert_eq!(column("Z9"), Some(25));
        assert_eq!(column("?"), None);
    }
}
