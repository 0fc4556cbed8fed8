#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_upwards() {
        let disk = Rc::new(Folder::default());
        let music = Folder::inside(&disk);
        let jazz = Folder::inside(&music);
        jazz.store(700);
        music.store(20);
        disk.store(1);
        assert_eq!((jazz.used(), music.used(), disk.used()), (700, 720, 721));
    }
}
