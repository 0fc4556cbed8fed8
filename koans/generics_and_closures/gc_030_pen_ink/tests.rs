#[cfg(test)]
mod tests {
    use super::*;

    fn pen() -> Pen {
        Pen { width: 3, dark: |c| c.is_uppercase() }
    }

    #[test]
    fn ink_is_counted() {
        assert_eq!(pen().ink("abcd"), 6);
        assert_eq!(pen().ink("ABc"), 6);
        assert_eq!(pen().ink(""), 0);
    }

    #[test]
    fn lines_are_counted() {
        assert_eq!((pen().lines("abcdef"), pen().lines("ab"), pen().lines("")), (3, 1, 1));
    }
}
