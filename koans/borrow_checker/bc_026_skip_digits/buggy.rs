/// Returns the digits and the position behind them.
pub fn take_digits(line: &str, from: usize) -> (&str, usize) {
    let bytes = line.as_bytes();
    let mut pos = from;
    let start = &pos;
    while pos < bytes.len() && bytes[pos].is_ascii_digit() {
        pos += 1;
    }
    let length = pos - start;
    (&line[from..from + length], pos)
}
