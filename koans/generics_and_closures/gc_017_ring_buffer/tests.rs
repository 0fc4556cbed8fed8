#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes() {
        let mut ring = Ring::with_room(2);
        assert_eq!(ring.newest(), None);
        assert_eq!([ring.put('a'), ring.put('b'), ring.put('c')], [None, None, Some('a')]);
        assert_eq!(ring.newest(), Some('c'));
    }
}
