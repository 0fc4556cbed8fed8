#[derive(Clone, Copy)]
pub struct Place {
    pub x: i32,
    pub y: i32,
}

fn step(from: Place, goal: Place) -> Place {
    if from.x != goal.x {
        Place { x: from.x + (goal.x - from.x).signum(), ..from }
    } else {
        Place { y: from.y + (goal.y - from.y).signum(), ..from }
    }
}

pub fn moves(mut robot: Place, goal: Place) -> u32 {
    let mut count = 0;
    while robot != goal {
        robot = step(robot, goal);
        count += 1;
    }
    count
}
