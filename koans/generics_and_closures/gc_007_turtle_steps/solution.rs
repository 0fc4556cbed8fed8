pub enum Step {
    Forward(i32),
    Turn,
}

pub fn run(program: &str, mut each: impl FnMut(Step)) -> Result<(), String> {
    for word in program.split_whitespace() {
        match (word, word.parse()) {
            ("turn", _) => each(Step::Turn),
            (_, Ok(n)) => each(Step::Forward(n)),
            (other, Err(_)) => return Err(format!("what is `{other}`?")),
        }
    }
    Ok(())
}

pub fn distance(program: &str) -> Result<i32, String> {
    let mut walked = 0;
    run(program, |step| {
        if let Step::Forward(n) = step {
            walked += n.abs();
        }
    })?;
    Ok(walked)
}
