#[cfg(test)]
mod tests {
    use super::*;

    fn reading(celsius: f64, valid: bool) -> Reading {
        Reading { celsius, valid }
    }

    #[test]
    fn broken_readings_are_left_out() {
        assert_eq!(mean(&[reading(18.0, true), reading(99.0, false), reading(21.0, true)]), Some(19.5));
    }

    #[test]
    fn nothing_to_go_by() {
        assert_eq!(mean(&[reading(99.0, false)]), None);
        assert_eq!(mean(&[]), None);
    }
}
