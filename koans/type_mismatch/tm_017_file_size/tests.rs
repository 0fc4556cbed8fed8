#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_files() {
        assert_eq!(human(0), "0 B");
        assert_eq!(human(999), "999 B");
    }

    #[test]
    fn larger_files() {
        assert_eq!(human(1000), "1 kB");
        assert_eq!(human(54_321_000), "54 MB");
        assert_eq!(human(5_000_000_000_000), "5000 GB");
    }
}
