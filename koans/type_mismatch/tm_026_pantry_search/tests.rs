#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(name: &str, needs: &[&str]) -> Recipe {
        Recipe { name: name.to_string(), needs: needs.iter().map(|need| need.to_string()).collect() }
    }

    #[test]
    fn at_most_one_thing_missing() {
        let recipes = vec![
            recipe("omelette", &["egg", "milk"]),
            recipe("crepes", &["egg", "milk", "flour"]),
            recipe("cake", &["egg", "sugar", "flour"]),
        ];
        assert_eq!(possible(recipes, "Milk, egg"), ["omelette", "crepes (buy flour)"]);
    }

    #[test]
    fn empty_shelf() {
        assert_eq!(possible(vec![recipe("water", &[])], ""), ["water"]);
    }
}
