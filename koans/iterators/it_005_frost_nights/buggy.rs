pub fn frost_nights(lows: &[i32]) -> usize {
    lows.iter().filter(|low| low < 0).count()
}

pub fn longest_frost(lows: &[i32]) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for &low in lows {
        run = if low < 0 { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}
