pub enum Vehicle {
    Bicycle,
    Car { metres: f64 },
    Truck { metres: f64, tonnes: f64 },
}

const PER_METRE: f64 = 4.5;

pub fn fare(vehicle: &Vehicle, winter: bool) -> Result<f64, String> {
    let full = match vehicle {
        Vehicle::Bicycle => 6.0,
        Vehicle::Car { metres } => metres * PER_METRE,
        Vehicle::Truck { tonnes, .. } if *tonnes > 40.0 => return Err(format!("{tonnes} t is too heavy")),
        Vehicle::Truck { metres, tonnes } => metres * PER_METRE * 2.0 + tonnes,
    };
    if winter {
        return full * 0.5;
    }
    Ok(full)
}
