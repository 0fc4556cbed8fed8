#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn light_ones_go_by_bike() {
        assert_eq!(postage(500), Some(300));
        assert_eq!(postage(2_001), Some(990));
        assert_eq!(postage(30_001), None);
    }
}
