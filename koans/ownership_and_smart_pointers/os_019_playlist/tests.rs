#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_from_nought() {
        let mut list = Playlist::default();
        assert!(list.nth(0).is_none());
        list.prepend("coda", 30);
        list.prepend("waltz", 200);
        list.prepend("intro", 45);
        let (track, waited) = list.nth(2).unwrap();
        assert_eq!((track.title, track.seconds, waited), ("coda", 30, 245));
        assert_eq!(list.nth(0).unwrap().0.title, "intro");
        assert!(list.nth(3).is_none());
    }
}
