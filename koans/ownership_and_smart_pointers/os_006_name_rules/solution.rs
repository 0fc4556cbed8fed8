type Rule = Box<dyn Fn(&str) -> bool>;

#[derive(Default)]
pub struct Rules {
    list: Vec<(&'static str, Rule)>,
}

impl Rules {
    fn with(mut self, name: &'static str, rule: Rule) -> Self {
        self.list.push((name, rule));
        self
    }

    pub fn for_names(longest: usize, taken: Vec<String>) -> Self {
        let fits = move |name: &str| name.len() <= longest;
        Rules::default()
            .with("letters only", Box::new(|name| name.chars().all(char::is_alphabetic)))
            .with("too long", Box::new(fits))
            .with("taken", Box::new(move |name| !taken.iter().any(|other| other == name)))
    }

    pub fn broken_by(&self, name: &str) -> Vec<&str> {
        self.list.iter().filter(|(_, rule)| !rule(name)).map(|(what, _)| *what).collect()
    }
}
