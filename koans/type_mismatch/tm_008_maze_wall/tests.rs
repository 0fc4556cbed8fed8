#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inside() {
        let maze = Maze::parse("####\n#..#\n####");
        assert!(!maze.is_wall(1, 1));
        assert!(!maze.is_wall(2, 1));
        assert!(maze.is_wall(3, 1));
    }

    #[test]
    fn outside() {
        let maze = Maze::parse("..\n..");
        assert!(maze.is_wall(-1, 0));
        assert!(maze.is_wall(0, 2));
        assert!(maze.is_wall(2, 0));
        assert!(!maze.is_wall(0, 0));
    }
}
