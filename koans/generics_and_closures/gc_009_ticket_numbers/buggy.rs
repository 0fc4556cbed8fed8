pub struct Ticket {
    pub number: String,
    pub name: String,
}

fn numbering(desk: char, first: u32) -> impl FnMut() -> String {
    let mut last = first - 1;
    move || {
        last = if last == 99 { 1 } else { last + 1 };
        format!("{desk}{last:02}")
    }
}

pub fn issue(desk: char, first: u32, names: &[&str]) -> Vec<Ticket> {
    let next_number = numbering(desk, first);
    names
        .iter()
        .filter(|name| !name.trim().is_empty())
        .map(|name| Ticket { number: next_number(), name: name.to_string() })
        .collect()
}
