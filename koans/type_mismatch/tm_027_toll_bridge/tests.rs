#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_time() {
        let days = [(1, 8), (2, 12), (7, 8)].map(|(day, hour)| Crossing { day, hour });
        assert_eq!(bill(&days), 800);
    }

    #[test]
    fn tenth_is_free() {
        let days: Vec<Crossing> = (0..11).map(|_| Crossing { day: 3, hour: 12 }).collect();
        assert_eq!(bill(&days), 2500);
    }
}
