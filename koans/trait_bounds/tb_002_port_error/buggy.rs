#[derive(PartialEq, Eq)]
pub enum PortError {
    NotANumber,
    Reserved(u16),
}

pub fn parse_port(text: &str) -> Result<u16, PortError> {
    let port: u16 = text.trim().parse().map_err(|_| PortError::NotANumber)?;
    if port < 1024 {
        return Err(PortError::Reserved(port));
    }
    Ok(port)
}

pub fn port_or_stop(text: &str) -> u16 {
    parse_port(text).expect("a usable port")
}
