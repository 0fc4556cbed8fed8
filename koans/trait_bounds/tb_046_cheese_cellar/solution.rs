#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, PartialOrd, Ord)]
pub enum Ripeness {
    Young,
    Medium,
    Aged,
}

#[derive(Debug)]
pub struct Wheel {
    pub name: &'static str,
    pub months: u32,
    pub kilos: u32,
}

impl Wheel {
    pub fn ripeness(&self) -> Ripeness {
        match self.months {
            0..=3 => Ripeness::Young,
            4..=9 => Ripeness::Medium,
            _ => Ripeness::Aged,
        }
    }
}

/// The ripest ones first; among equals the order of the shelf stays.
pub fn sale(mut wheels: Vec<Wheel>) -> Vec<&'static str> {
    wheels.sort_by_key(|wheel| std::cmp::Reverse(wheel.ripeness()));
    wheels.iter().filter(|wheel| wheel.kilos > 0).map(|wheel| wheel.name).collect()
}
