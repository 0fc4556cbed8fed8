#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warns_twice() {
        let recorder = Recorder::default();
        assert_eq!(watch(&recorder, &[50, 45, 2, 20, 30], 100), 147);
        assert_eq!(*recorder.sent.borrow(), ["1. nearly used up", "2. quota used up"]);
    }

    #[test]
    fn silent() {
        let recorder = Recorder::default();
        assert_eq!(watch(&recorder, &[10, 20], 100), 30);
        assert!(recorder.sent.borrow().is_empty());
    }
}
