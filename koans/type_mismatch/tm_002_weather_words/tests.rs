#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dry_days() {
        assert_eq!(describe(5, 0.0), ["clear"]);
        assert_eq!(describe(40, 0.0), ["40% cloudy"]);
    }

    #[test]
    fn wet_days() {
        assert_eq!(describe(99, 12.5), ["overcast", "heavy rain"]);
        assert_eq!(describe(71, 1.5), ["overcast", "1.5 mm"]);
    }
}
