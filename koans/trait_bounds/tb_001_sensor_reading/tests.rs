#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn describes_bad_readings() {
        let readings = [Reading { sensor: 1, value: 20 }, Reading { sensor: 2, value: 95 }];
        assert_eq!(complaints(&readings, 90), ["out of range: Reading { sensor: 2, value: 95 }"]);
    }

    #[test]
    fn accepts_the_limit() {
        assert_eq!(complaint(&Reading { sensor: 1, value: 90 }, 90), None);
    }
}
