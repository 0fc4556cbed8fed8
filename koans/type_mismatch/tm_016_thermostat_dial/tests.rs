#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_within_limits() {
        let heating = Heating { limits: (5, 25) };
        let mut dial = 20;
        assert!(heating.turn(&mut dial, 3));
        assert!(!heating.turn(&mut dial, 3));
        assert_eq!(dial, 23);
        assert!(!heating.turn(&mut dial, -19));
    }

    #[test]
    fn warms_up_to_the_top() {
        let mut dial = 22;
        assert_eq!(warm_up(&Heating { limits: (5, 25) }, &mut dial), 3);
        assert_eq!(dial, 25);
    }
}
