#[cfg(test)]
mod tests {
    use super::*;

    fn keymap() -> Keymap {
        Keymap { actions: [(Key::Ctrl('s'), "save"), (Key::Escape, "close")].into_iter().collect() }
    }

    #[test]
    fn finds_actions() {
        assert_eq!(keymap().action(&Key::Ctrl('s')), "save");
        assert_eq!(keymap().action(&Key::Escape), "close");
    }

    #[test]
    fn plain_keys_do_nothing() {
        assert_eq!(keymap().action(&Key::Char('s')), "ignore");
    }
}
