pub mod area;
pub mod greet;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_is_width_times_height() {
        assert_eq!(area::area(3, 4), 12);
    }

    #[test]
    fn a_border_goes_round() {
        assert_eq!(area::border(3, 4), 14);
    }

    #[test]
    fn a_greeting_names_the_guest() {
        assert_eq!(greet::greet("Ada"), "hello Ada");
    }

    #[test]
    fn nobody_is_a_guest_too() {
        assert_eq!(greet::guest(), "stranger");
    }
}
