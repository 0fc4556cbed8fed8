#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_frames() {
        let sprites = cut(Sheet { pixels: vec![1, 9, 4, 3, 7], frame: 2 });
        let bright: Vec<u8> = sprites.iter().map(Sprite::brightest).collect();
        assert_eq!(bright, [9, 4]);
    }

    #[test]
    fn too_small() {
        assert!(cut(Sheet { pixels: vec![1], frame: 2 }).is_empty());
        assert_eq!(cut(Sheet { pixels: vec![8], frame: 1 })[0].brightest(), 8);
    }
}
