#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_steps() {
        assert_eq!(Stairs { steps: 3, block: "#" }.draw(), "#\n###\n#####");
    }

    #[test]
    fn no_steps() {
        assert_eq!(Stairs { steps: 0, block: "#" }.draw(), "");
    }

    #[test]
    fn other_blocks() {
        assert_eq!(Stairs { steps: 1, block: "=" }.draw(), "=");
    }
}
