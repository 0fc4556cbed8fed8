#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: i32, y: i32) -> Place {
        Place { x, y }
    }

    #[test]
    fn counts_moves() {
        assert_eq!(moves(at(0, 0), at(3, -2)), 5);
    }

    #[test]
    fn already_there() {
        assert_eq!(moves(at(4, 4), at(4, 4)), 0);
    }
}
