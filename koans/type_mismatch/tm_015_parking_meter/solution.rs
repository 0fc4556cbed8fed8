pub fn cheapest(rates: &[(&str, u32)]) -> u32 {
    let mut low = u32::MAX;
    for (_, rate) in rates {
        if *rate < low {
            low = *rate;
        }
    }
    low
}

pub fn advance(minutes: &mut u32, coins: u32, rates: &[(&str, u32)]) -> bool {
    if rates.is_empty() || coins == 0 {
        return false;
    }
    *minutes += coins * 60 / cheapest(rates).max(1);
    true
}
