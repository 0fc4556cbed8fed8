pub struct Recipe {
    pub ingredients: Vec<&'static str>,
    pub minutes: u32,
}

pub fn missing(recipe: &Recipe, kitchen: &[&str]) -> Vec<&'static str> {
    recipe
        .ingredients
        .iter()
        .filter(|thing| !kitchen.contains(*thing))
        .copied()
        .collect()
}

pub fn quick(recipe: &Recipe, kitchen: &[&str]) -> bool {
    recipe.minutes <= 30 && missing(recipe, kitchen).is_empty()
}
