#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> Map {
        Map { rows: vec![vec![Tile::Floor, Tile::Sign("exit".to_string())]] }
    }

    #[test]
    fn reads_tiles() {
        assert_eq!(map().tile(0, 0), Tile::Floor);
        assert_eq!(map().tile(1, 0), Tile::Sign("exit".to_string()));
    }

    #[test]
    fn outside_is_wall() {
        assert_eq!(map().tile(2, 0), Tile::Wall);
        assert_eq!(map().tile(0, 5), Tile::Wall);
    }
}
