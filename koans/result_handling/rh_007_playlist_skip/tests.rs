#[cfg(test)]
mod tests {
    use super::*;

    fn list(repeat: bool) -> Playlist {
        Playlist { songs: vec!["Blue".to_string(), "Rain".to_string()], playing: 0, repeat }
    }

    #[test]
    fn plays_the_next() {
        assert_eq!(list(false).skip(), Some("Rain"));
    }

    #[test]
    fn ends_or_starts_again() {
        let (mut once, mut again) = (list(false), list(true));
        once.skip();
        again.skip();
        assert_eq!(once.skip(), None);
        assert_eq!(again.skip(), Some("Blue"));
    }

    #[test]
    fn nothing_to_play() {
        assert_eq!(Playlist { songs: vec![], playing: 0, repeat: true }.skip(), None);
    }
}
