pub fn human(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB"];
    let mut size = bytes;
    let mut unit = 0;
    while size >= 1000 && unit + 1 < units.len() {
        size /= 1000;
        unit += 1;
    }
    let number = if unit == 0 {
        bytes.to_string()
    } else {
        size.to_string()
    };
    number + " " + units[unit]
}
