#[derive(Clone, Debug, PartialEq, Eq, PartialOrd)]
pub enum Wind {
    Calm,
    Breeze,
    Gale,
    Hurricane,
}

pub fn from_knots(knots: u32) -> Wind {
    match knots {
        0..=3 => Wind::Calm,
        4..=33 => Wind::Breeze,
        34..=63 => Wind::Gale,
        _ => Wind::Hurricane,
    }
}

pub fn warn<'a>(towns: &[(&'a str, u32)]) -> Vec<&'a str> {
    let hit = towns.iter().filter(|town| from_knots(town.1) > Wind::Breeze);
    hit.map(|town| town.0).collect()
}
