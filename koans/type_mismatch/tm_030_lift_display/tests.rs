#[cfg(test)]
mod tests {
    use super::*;

    fn lift(floor: i32, motion: Motion, load_kg: u32) -> Lift {
        Lift { floor, motion, load_kg }
    }

    #[test]
    fn arrows_and_floors() {
        assert_eq!(display(&lift(12, Motion::Up, 0), 500), "^ 12");
        assert_eq!(display(&lift(-2, Motion::Down, 0), 500), "v U2");
    }

    #[test]
    fn overload() {
        assert_eq!(display(&lift(0, Motion::Still, 501), 500), "!  0");
        assert_eq!(display(&lift(0, Motion::Still, 500), 500), "   0");
    }
}
