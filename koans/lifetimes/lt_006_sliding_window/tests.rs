#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_neighbours() {
        let samples = [1.0, 3.0, 5.0, 7.0];
        assert_eq!(smooth(&Window { samples: &samples, size: 2 }), [2.0, 4.0, 6.0]);
    }

    #[test]
    fn too_short_a_signal() {
        assert!(smooth(&Window { samples: &[1.0], size: 3 }).is_empty());
    }
}
