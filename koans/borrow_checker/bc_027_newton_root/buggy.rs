pub fn square_root(x: f64) -> (f64, u32) {
    let mut guess = x / 2.0;
    let mut rounds = 0;
    loop {
        let previous = &guess;
        guess = (guess + x / guess) / 2.0;
        rounds += 1;
        if (guess - previous).abs() < 1e-9 || rounds == 50 {
            return (guess, rounds);
        }
    }
}
