const ROUNDS: usize = 60;

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

pub fn settle<F>(start: f64, step: F) -> Option<f64> {
    let mut here = start;
    for _ in 0..ROUNDS {
        let there = step(here);
        if close(here, there) {
            return Some(there);
        }
        here = there;
    }
    None
}

pub fn square_root(x: f64) -> Option<f64> {
    if x <= 0.0 {
        return None;
    }
    settle(x, |guess: f64| (guess + x / guess) / 2.0)
}
