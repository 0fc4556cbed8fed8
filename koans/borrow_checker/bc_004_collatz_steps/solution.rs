pub fn next_value(n: u64) -> u64 {
    match n % 2 {
        0 => n / 2,
        _ => 3 * n + 1,
    }
}

pub fn collatz_steps(start: u64) -> u32 {
    let mut n = start;
    let mut steps = 0;
    while n > 1 {
        n = next_value(n);
        steps += 1;
    }
    steps
}
