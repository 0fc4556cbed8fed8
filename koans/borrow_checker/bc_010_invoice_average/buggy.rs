pub struct Line {
    pub article: String,
    pub cents: u32,
    pub quantity: u32,
}

pub fn average_cents(lines: Vec<Line>) -> u32 {
    if lines.is_empty() {
        return 0;
    }
    let mut total = 0;
    for line in lines {
        total += line.cents * line.quantity;
    }
    total / lines.len() as u32
}
