#[derive(Clone, Debug)]
pub struct Settings {
    pub tab_width: u8,
    pub wrap: bool,
    pub font: Option<String>,
}

pub fn read(text: &str) -> Settings {
    let mut settings = Settings::default();
    for line in text.lines() {
        match line.split_once('=') {
            Some(("tab", width)) => settings.tab_width = width.parse().unwrap_or(4),
            Some(("font", name)) => settings.font = Some(name.to_string()),
            _ => settings.wrap |= line == "wrap",
        }
    }
    settings
}
