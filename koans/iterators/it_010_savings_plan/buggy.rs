pub fn grow(start: u64, deposit: u64, percent: u64, years: u32) -> u64 {
    let mut coins = start;
    for year in years {
        coins += coins * percent / 100;
        if year > 0 {
            coins += deposit;
        }
    }
    coins
}

pub fn years_until(goal: u64, start: u64, deposit: u64) -> Option<u32> {
    (0..100).find(|years| grow(start, deposit, 3, *years) >= goal)
}
