#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Heading {
    North,
    East,
    South,
    West,
}

pub fn turn_right(heading: Heading) -> Heading {
    match heading {
        Heading::North => Heading::East,
        Heading::East => Heading::South,
        Heading::South => Heading::West,
        Heading::West => Heading::North,
    }
}

pub fn step(heading: Heading, (x, y): (i32, i32)) -> (i32, i32) {
    match heading {
        Heading::North => (x, y - 1),
        Heading::East => (x + 1, y),
        Heading::South => (x, y + 1),
        Heading::West => (x - 1, y),
    }
}
