#[cfg(test)]
mod tests {
    use super::*;

    const RED: Paint = Paint { red: 200, green: 0, blue: 20, grams: 100 };
    const BLUE: Paint = Paint { red: 0, green: 40, blue: 220, grams: 300 };

    #[test]
    fn by_weight() {
        assert_eq!(RED.mix(BLUE), Paint { red: 50, green: 30, blue: 170, grams: 400 });
    }

    #[test]
    fn empty_pots() {
        let nothing = Paint { grams: 0, ..RED };
        assert_eq!(nothing.mix(nothing).red, 0);
        assert_eq!(nothing.mix(BLUE), BLUE);
    }
}
