#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_room_and_value() {
        let reading = read_line("Kitchen = 21.46").unwrap();
        assert_eq!(reading.room, "kitchen");
        assert_eq!(reading.celsius, 21.5);
    }

    #[test]
    fn line_without_room() {
        assert_eq!(read_line("-3").unwrap(), Reading { room: "unknown".to_string(), celsius: -3.0 });
    }

    #[test]
    fn refuses_words() {
        assert!(read_line("attic=warm").is_err());
    }
}
