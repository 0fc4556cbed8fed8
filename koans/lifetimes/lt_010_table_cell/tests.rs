#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligns_right() {
        assert_eq!(Cell { content: "7", width: 3 }.to_string(), "[  7]");
    }

    #[test]
    fn joins_cells() {
        assert_eq!(row(&["a", "bcd"], 2), "[ a][bcd]");
    }
}
