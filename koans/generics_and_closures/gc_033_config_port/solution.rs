use std::error::Error;

pub struct Config {
    pub host: String,
    pub port: u16,
}

fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
}

pub fn load(text: &str) -> Result<Config, Box<dyn Error>> {
    let host = value(text, "host").unwrap_or("localhost").to_string();
    let port = value(text, "port").ok_or("no port")?.parse()?;
    Ok(Config { host, port })
}
