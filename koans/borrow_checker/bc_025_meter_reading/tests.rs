#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_usage() {
        let mut meter = Meter { kwh: 1200, visits: 0 };
        assert_eq!(meter.read(1350), "1200 -> 1350: 150 kWh");
        assert_eq!(meter.read(1350), "1350 -> 1350: 0 kWh");
    }

    #[test]
    fn counts_visits() {
        let mut meter = Meter { kwh: 0, visits: 3 };
        meter.read(10);
        assert_eq!((meter.kwh, meter.visits), (10, 4));
    }
}
