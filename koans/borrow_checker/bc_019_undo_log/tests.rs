#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_line_before() {
        let mut editor = Editor { lines: vec!["one".to_string()] };
        assert_eq!(editor.append("two"), "after one");
        assert_eq!(editor.append("three"), "after two");
        assert_eq!(editor.lines.len(), 3);
    }

    #[test]
    fn first_line() {
        let mut editor = Editor { lines: vec![] };
        assert_eq!(editor.append("one"), "first line");
    }
}
