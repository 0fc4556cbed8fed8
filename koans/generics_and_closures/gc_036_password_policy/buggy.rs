pub struct Rule {
    pub name: &'static str,
    pub holds: Box<Fn(&str) -> bool>,
}

pub fn at_least(length: usize) -> Rule {
    Rule { name: "too short", holds: Box::new(move |word| word.chars().count() >= length) }
}

pub fn mixed_case() -> Rule {
    let holds = |word: &str| word.chars().any(char::is_uppercase) && word.chars().any(char::is_lowercase);
    Rule { name: "one case only", holds: Box::new(holds) }
}

pub fn complaints(rules: &[Rule], word: &str) -> Vec<&'static str> {
    let broken = rules.iter().filter(|rule| !(rule.holds)(word));
    broken.map(|rule| rule.name).collect()
}
