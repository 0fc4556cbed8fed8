#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_letters_are_short() {
        let tree = huffman(&[('e', 50), ('x', 2), ('t', 20), ('q', 1)]).unwrap();
        assert_eq!(tree.bits('e'), Some(1));
        assert_eq!(tree.bits('t'), Some(2));
        assert_eq!(tree.bits('q'), Some(3));
        assert_eq!(tree.bits('z'), None);
    }

    #[test]
    fn no_letters() {
        assert!(huffman(&[]).is_none());
    }
}
