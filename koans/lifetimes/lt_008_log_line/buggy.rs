pub struct LogLine {
    pub level: &str,
    pub message: &str,
}

pub fn is_serious(line: &LogLine) -> bool {
    matches!(line.level, "ERROR" | "FATAL")
}

pub fn summary(lines: &[LogLine]) -> String {
    let serious = lines.iter().filter(|line| is_serious(line));
    serious.map(|line| line.message).collect::<Vec<_>>().join("; ")
}
