pub fn describe(clouds: u8, rain: f32) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    match clouds {
        0..=10 => words.push(String::from("clear")),
        11..=70 => words.push(format!("{clouds}% cloudy")),
        _ => words.push("overcast".to_owned()),
    }
    if rain > 8.0 {
        words.push("heavy rain".to_string());
    } else if rain > 0.0 {
        words.push(format!("{rain} mm"));
    }
    words
}
