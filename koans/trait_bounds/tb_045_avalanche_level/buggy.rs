/// From harmless to deadly.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum Danger {
    Low,
    Moderate,
    Considerable,
    High,
}

pub struct Slope {
    pub degrees: u32,
    pub fresh_snow_cm: u32,
}

fn danger(slope: &Slope) -> Danger {
    match (slope.degrees, slope.fresh_snow_cm) {
        (0..=24, _) => Danger::Low,
        (_, 0..=9) => Danger::Moderate,
        (35.., 40..) => Danger::High,
        _ => Danger::Considerable,
    }
}

pub fn warning(slopes: &[Slope]) -> Danger {
    slopes.iter().map(danger).max().unwrap_or(Danger::Low)
}
