pub type Filter = Box<dyn Fn(&str) -> bool>;

pub fn with_ending(ending: &str) -> Filter {
    let wanted = format!(".{ending}");
    Box::new(move |name| name.ends_with(&wanted))
}

pub fn select<'a>(names: &[&'a str], filter: &Filter) -> Vec<&'a str> {
    names.iter().copied().filter(|name| filter(name)).collect()
}
