#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_four() {
        let mut crossing = Crossing { name: "Ring", light: Some(Light::Stop(2)) };
        let shown: Vec<String> = (0..4).map(|_| crossing.second()).collect();
        assert_eq!(shown, ["Ring Some(Stop(1))", "Ring Some(Walk)", "Ring Some(Stop(3))", "Ring Some(Stop(2))"]);
    }

    #[test]
    fn none_and_broken() {
        assert_eq!(Crossing { name: "Park", light: None }.second(), "Park None");
        let mut crossing = Crossing { name: "Quai", light: Some(Light::Broken("dark".to_string())) };
        crossing.second();
        assert_eq!(crossing.light, Some(Light::Broken("dark".to_string())));
    }
}
