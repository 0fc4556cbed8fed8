#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trims_values() {
        let config = Config::parse("host= localhost \nport=80");
        assert_eq!(config.value("host"), "localhost");
        assert_eq!(config.value("port"), "80");
    }

    #[test]
    fn missing_is_empty() {
        assert_eq!(Config::parse("nonsense").value("host"), "");
    }
}
