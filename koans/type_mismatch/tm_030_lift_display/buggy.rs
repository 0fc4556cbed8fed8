#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    Up,
    Down,
    Still,
}

pub struct Lift {
    pub floor: i32,
    pub motion: Motion,
    pub load_kg: u32,
}

pub fn display(lift: &Lift, limit_kg: u32) -> String {
    let arrow = match lift.motion {
        Motion::Up => "^",
        Motion::Down => "v",
        Motion::Still if lift.load_kg > limit_kg => '!',
        Motion::Still => " ",
    };
    let floor = if lift.floor < 0 { format!("U{}", -lift.floor) } else { lift.floor.to_string() };
    format!("{arrow}{floor:>3}")
}
