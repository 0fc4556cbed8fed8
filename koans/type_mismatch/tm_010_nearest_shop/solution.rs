#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub street: i32,
    pub avenue: i32,
}

impl Place {
    pub fn blocks_to(&self, other: &Place) -> i32 {
        (self.street - other.street).abs() + (self.avenue - other.avenue).abs()
    }
}

pub fn nearest(vans: &[Place], customer: Place) -> Option<Place> {
    let mut best = vans.first()?.clone();
    for van in vans {
        if van.blocks_to(&customer) < best.blocks_to(&customer) {
            best = van.clone();
        }
    }
    Some(best)
}
