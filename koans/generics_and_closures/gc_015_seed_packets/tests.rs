#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_unknown_ones_carry_the_note() {
        let old = || Label::Old("half price".to_string());
        assert_eq!(
            labels(&[2020, 2022, 2018, 2030], 2023, "half price".to_string()),
            [(2020, old()), (2022, Label::Fresh), (2018, old()), (2030, old())]
        );
    }
}
