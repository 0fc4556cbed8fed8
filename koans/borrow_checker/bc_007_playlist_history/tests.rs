#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plays_in_order() {
        let mut list = Playlist::new(&["intro", "storm"]);
        assert_eq!(list.play_next(), Some("intro".to_string()));
        assert_eq!(list.play_next(), Some("storm".to_string()));
        assert_eq!(list.play_next(), None);
    }

    #[test]
    fn remembers_history() {
        let mut list = Playlist::new(&["intro", "storm"]);
        list.play_next();
        assert_eq!(list.history, ["intro"]);
        assert_eq!(list.queue, ["storm"]);
    }
}
