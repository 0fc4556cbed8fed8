pub fn number_lines(text: &str) -> String {
    let mut out = Vec::new();
    for (n, line) in text.lines() {
        if line.trim().is_empty() {
            out.push(String::new());
        } else {
            out.push(format!("{:>3} {}", n + 1, line));
        }
    }
    out.join("\n")
}
