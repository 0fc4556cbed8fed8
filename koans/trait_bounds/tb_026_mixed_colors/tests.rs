#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_once() {
        let strokes = vec![Color::Black, Color::Rgb(1, 2, 3), Color::Black, Color::Rgb(1, 2, 3)];
        assert_eq!(distinct(strokes), 2);
    }

    #[test]
    fn shades_differ() {
        assert_eq!(distinct(vec![Color::White, Color::Rgb(0, 0, 1), Color::Rgb(0, 1, 0)]), 3);
        assert_eq!(distinct(vec![]), 0);
    }
}
