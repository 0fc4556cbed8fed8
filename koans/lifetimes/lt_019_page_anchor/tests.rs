#[cfg(test)]
mod tests {
    use super::*;

    fn chapter() -> Chapter {
        Chapter { number: 2, title: "Smart Pointers".to_string() }
    }

    #[test]
    fn anchors_are_lowercase() {
        assert_eq!(chapter().anchor(), "smart-pointers");
    }

    #[test]
    fn links_point_at_anchors() {
        assert_eq!(chapter().link(), "2. [Smart Pointers](#smart-pointers)");
    }
}
