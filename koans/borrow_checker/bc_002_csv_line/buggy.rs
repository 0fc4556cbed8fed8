pub fn needs_quotes(field: &str) -> bool {
    field.contains(',') || field.contains('"')
}

pub fn csv_line(fields: &[&str]) -> String {
    let line = String::new();
    for (i, field) in fields.iter().enumerate() {
        if i > 0 {
            line.push(',');
        }
        if needs_quotes(field) {
            line.push('"');
            line.push_str(&field.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(field);
        }
    }
    line
}
