#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_there() {
        let config = load("host=example.org\nport=8080\n").unwrap();
        assert_eq!((config.host.as_str(), config.port), ("example.org", 8080));
        assert_eq!(load("port=1").unwrap().host, "localhost");
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(load("host=a").err().map(|e| e.to_string()), Some("no port".to_string()));
        assert!(load("port=99999").is_err());
    }
}
