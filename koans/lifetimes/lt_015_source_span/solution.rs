pub struct Span<'a> {
    pub source: &'a str,
    pub start: usize,
    pub end: usize,
}

pub fn snippet(span: &Span) -> String {
    span.source[span.start..span.end].to_string()
}

pub fn line_number(source: &str, position: usize) -> usize {
    source[..position].matches('\n').count() + 1
}
