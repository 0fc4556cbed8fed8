#[derive(Clone)]
pub struct Settings {
    pub theme: String,
    pub volume: u8,
}

/// Returns the settings before and after muting.
pub fn mute(mut settings: Settings) -> (Settings, Settings) {
    let backup = settings;
    settings.volume = 0;
    (backup, settings)
}

pub fn describe(settings: &Settings) -> String {
    format!("{} at {}%", settings.theme, settings.volume)
}
