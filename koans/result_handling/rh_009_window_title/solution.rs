pub struct Buffer<'a> {
    pub path: Option<&'a str>,
    pub line: usize,
    pub changed: bool,
}

pub fn title(buffer: &Buffer) -> String {
    let mark = if buffer.changed { "* " } else { "" };
    let path: &str = buffer.path.unwrap_or("untitled");
    let name = match path.rfind('/') {
        Some(slash) => &path[slash + 1..],
        None => path,
    };
    format!("{mark}{name}:{}", buffer.line)
}
