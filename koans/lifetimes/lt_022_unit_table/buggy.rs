pub struct Unit {
    pub meters: f64,
    pub symbol: &str,
}

pub const UNITS: [Unit; 3] = [
    Unit { meters: 1.0, symbol: "m" },
    Unit { meters: 1000.0, symbol: "km" },
    Unit { meters: 0.0254, symbol: "in" },
];

pub fn to_meters(amount: f64, symbol: &str) -> Option<f64> {
    let unit = UNITS.iter().find(|unit| unit.symbol == symbol)?;
    Some(amount * unit.meters)
}
