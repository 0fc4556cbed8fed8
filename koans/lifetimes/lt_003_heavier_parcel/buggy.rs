pub struct Parcel {
    pub grams: u32,
    pub fragile: bool,
}

pub fn bottom(left: &Parcel, right: &Parcel) -> &Parcel {
    match (left.fragile, right.fragile) {
        (true, false) => right,
        (false, true) => left,
        _ if left.grams < right.grams => right,
        _ => left,
    }
}
