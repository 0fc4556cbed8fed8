pub enum Status {
    OnTime,
    Late(u32),
    Cancelled,
}

pub fn board(track: u8, status: &Status) -> String {
    let note = match status {
        Status::OnTime => "on time",
        Status::Late(minutes) if *minutes >= 60 => format!("{} h late", minutes / 60),
        Status::Late(minutes) => format!("{minutes} min late"),
        Status::Cancelled => String::from("cancelled"),
    };
    if matches!(status, Status::Cancelled) {
        return note;
    }
    format!("track {track}, {note}")
}
