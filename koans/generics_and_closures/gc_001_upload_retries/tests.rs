#[cfg(test)]
mod tests {
    use super::*;

    fn flaky(attempt: u32) -> Result<u32, String> {
        if attempt < 3 {
            Err("timeout".to_string())
        } else {
            Ok(100 * attempt)
        }
    }

    #[test]
    fn arrives_at_the_third_try() {
        let mut uploader = Uploader { tries: 5, log: vec![] };
        assert_eq!(uploader.upload(flaky), Outcome::Done(300));
        assert_eq!(uploader.log, ["attempt 1: timeout", "attempt 2: timeout"]);
    }

    #[test]
    fn gives_up() {
        let mut uploader = Uploader { tries: 2, log: vec![] };
        assert_eq!(uploader.upload(flaky), Outcome::GaveUp);
        assert_eq!(uploader.log.len(), 2);
    }
}
