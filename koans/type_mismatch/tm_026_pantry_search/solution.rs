pub struct Recipe {
    pub name: String,
    pub needs: Vec<String>,
}

fn missing<'a>(recipe: &'a Recipe, pantry: &[String]) -> Vec<&'a str> {
    recipe.needs.iter().filter(|need| !pantry.contains(need)).map(String::as_str).collect()
}

pub fn possible(recipes: Vec<Recipe>, shelf: &str) -> Vec<String> {
    let pantry: Vec<String> = shelf.split(',').map(|thing| thing.trim().to_lowercase()).collect();
    let mut lines = Vec::new();
    for recipe in &recipes {
        match missing(recipe, &pantry).as_slice() {
            [] => lines.push(recipe.name.clone()),
            [one] => lines.push(format!("{} (buy {one})", recipe.name)),
            _ => {}
        }
    }
    lines
}
