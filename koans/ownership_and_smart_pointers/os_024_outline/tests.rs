#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels() {
        let chapter = Heading::top(4);
        chapter.append();
        let second = chapter.append();
        let deep = second.append();
        assert_eq!(chapter.label(), "4");
        assert_eq!(second.label(), "4.2");
        assert_eq!(deep.label(), "4.2.1");
    }
}
