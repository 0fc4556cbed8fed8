pub struct Parcel {
    pub grams: u32,
    pub fragile: bool,
}

pub fn bottom<'a>(left: &'a Parcel, right: &'a Parcel) -> &'a Parcel {
    match (left.fragile, right.fragile) {
        (true, false) => right,
        (false, true) => left,
        _ if left.grams < right.grams => right,
        _ => left,
    }
}
