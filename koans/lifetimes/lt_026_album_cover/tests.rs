#[cfg(test)]
mod tests {
    use super::*;

    fn picture(file: &str, stars: u8) -> Picture {
        Picture { file: file.to_string(), stars }
    }

    #[test]
    fn best_picture_wins() {
        let all = [picture("a.png", 2), picture("b.png", 5), picture("c.png", 5)];
        assert_eq!(cover(&all, &picture("none.png", 0)).file, "b.png");
    }

    #[test]
    fn default_when_nothing_is_better() {
        assert_eq!(cover(&[picture("a.png", 1)], &picture("none.png", 1)).file, "none.png");
    }
}
