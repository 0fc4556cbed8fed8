#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_in_order() {
        let (text, _) = run_all(&[Repeat { times: 2 }, Repeat { times: 3 }], "ab");
        assert_eq!(text, "ab".repeat(6));
    }

    #[test]
    fn names_plugins() {
        assert_eq!(Repeat { times: 4 }.name(), "repeat x4");
        assert_eq!(run_all(&[Repeat { times: 2 }], "").1, ["repeat x2"]);
    }
}
