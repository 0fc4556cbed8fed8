#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_numbers() {
        let gauge = Gauge { name: "pressure", value: 1.5 };
        assert_eq!(gauge.label("bar"), "pressure: 1.5 bar");
    }

    #[test]
    fn labels_words() {
        assert_eq!(Gauge { name: "wind", value: "NW" }.label("dir"), "wind: NW dir");
    }
}
