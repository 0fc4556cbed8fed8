#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(grams: u32, fragile: bool) -> Parcel {
        Parcel { grams, fragile }
    }

    #[test]
    fn heavy_goes_down() {
        let (a, b) = (parcel(100, false), parcel(900, false));
        assert_eq!(bottom(&a, &b).grams, 900);
        assert_eq!(bottom(&b, &a).grams, 900);
    }

    #[test]
    fn fragile_stays_up() {
        let (a, b) = (parcel(100, false), parcel(900, true));
        assert_eq!(bottom(&a, &b).grams, 100);
        assert_eq!(bottom(&b, &a).grams, 100);
    }
}
