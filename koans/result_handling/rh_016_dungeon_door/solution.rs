use std::collections::HashMap;

pub struct Room {
    pub name: &'static str,
    pub doors: HashMap<&'static str, usize>,
}

pub fn walk(rooms: &[Room], from: usize, way: &str) -> Result<String, String> {
    let room = &rooms[from];
    let target = room.doors.get(way).ok_or("there is no door")?;
    if *target >= rooms.len() {
        return Err(format!("the {way} door of the {} is locked", room.name));
    }
    Ok(format!("you are in the {}", rooms[*target].name))
}
