pub enum Answer {
    Yes,
    No,
    Skipped,
}

pub fn percent(part: f64, whole: f64) -> f64 {
    if whole == 0.0 {
        return 0.0;
    }
    (part / whole * 1000.0).round() / 10.0
}

pub fn yes_share(answers: &[Answer]) -> f64 {
    let yes = answers.iter().filter(|a| matches!(a, Answer::Yes)).count();
    let no = answers.iter().filter(|a| matches!(a, Answer::No)).count();
    percent(yes as f64, (yes + no) as f64)
}
