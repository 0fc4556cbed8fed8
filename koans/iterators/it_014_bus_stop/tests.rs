#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_today() {
        assert_eq!(wait(&[600, 480, 540], 500), Some(40));
        assert_eq!(sign(&[600, 480], 480), "now");
    }

    #[test]
    fn tomorrow() {
        assert_eq!(wait(&[480, 540], 1380), Some(540));
        assert_eq!(sign(&[480], 1415), "8 h 25 min");
    }

    #[test]
    fn no_timetable() {
        assert_eq!(sign(&[], 100), "no bus");
        assert_eq!(wait(&[], 100), None);
    }
}
