pub struct LogLine<'a> {
    pub level: &'a str,
    pub message: &'a str,
}

pub fn is_serious(line: &LogLine) -> bool {
    matches!(line.level, "ERROR" | "FATAL")
}

pub fn summary(lines: &[LogLine]) -> String {
    let serious = lines.iter().filter(|line| is_serious(line));
    serious.map(|line| line.message).collect::<Vec<_>>().join("; ")
}
