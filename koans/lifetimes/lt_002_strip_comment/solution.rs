/// `marker` starts a comment, unless the line has none.
pub fn strip_comment<'a>(line: &'a str, marker: &str) -> &'a str {
    match line.find(marker) {
        Some(at) => line[..at].trim_end(),
        None => line,
    }
}

pub fn settings(text: &str) -> Vec<&str> {
    let lines = text.lines().map(|line| strip_comment(line, "#"));
    lines.filter(|line| !line.is_empty()).collect()
}
