pub fn limiter(max: u32) -> impl FnMut() -> bool {
    let mut used = 0;
    || {
        used += 1;
        used <= max
    }
}

pub fn admitted(requests: u32, max: u32) -> usize {
    let mut allow = limiter(max);
    (0..requests).filter(|_| allow()).count()
}
