#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_there() {
        let settings = read("tab=2\nwrap\nfont=Mono");
        assert_eq!((settings.tab_width, settings.wrap), (2, true));
        assert_eq!(settings.font.as_deref(), Some("Mono"));
    }

    #[test]
    fn empty_file_means_defaults() {
        let settings = read("");
        assert_eq!((settings.tab_width, settings.wrap, settings.font), (0, false, None));
    }
}
