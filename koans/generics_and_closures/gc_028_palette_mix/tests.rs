#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halfway_and_not_at_all() {
        let (red, blue) = (Colour([200, 0, 10]), Colour([0, 100, 30]));
        assert_eq!(red.mix(blue, 50), Colour([100, 50, 20]));
        assert_eq!(red.mix(blue, 0), red);
        assert_eq!(red.mix(blue, 100), blue);
    }

    #[test]
    fn as_on_the_web() {
        assert_eq!(Colour([255, 0, 16]).hex(), "#ff0010");
    }
}
