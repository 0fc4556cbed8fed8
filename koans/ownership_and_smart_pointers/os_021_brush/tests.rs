#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_with_the_brush_in_hand() {
        let mut canvas = Canvas::default();
        assert_eq!(canvas.draw(3), ["..."]);
        canvas.hand = Some(Box::new(Line('=')));
        assert_eq!(canvas.draw(2), ["...", "<==>"]);
        canvas.hand = None;
        assert_eq!(canvas.draw(1).last().unwrap(), ".");
    }
}
