pub struct Passenger {
    pub name: String,
    pub row: u8,
    pub seat: char,
    pub miles: u32,
}

#[derive(Debug, PartialEq)]
pub struct Pass {
    pub title: String,
    pub seat: String,
    pub lounge: bool,
}

pub fn pass(passenger: &Passenger, class: &str) -> Pass {
    let title = match class {
        "first" => format!("{} (F)", passenger.name.to_uppercase()),
        "economy" => passenger.name.trim(),
        other => format!("{} [{other}]", passenger.name),
    };
    Pass { title, seat: format!("{}{}", passenger.row, passenger.seat), lounge: passenger.miles > 50_000 }
}
