#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ports() {
        assert_eq!(port_or_stop(" 8080\n"), 8080);
    }

    #[test]
    fn refuses_bad_ports() {
        assert!(parse_port("http") == Err(PortError::NotANumber));
        assert!(parse_port("80") == Err(PortError::Reserved(80)));
    }
}
