pub fn rate_of(country: &str) -> u64 {
    match country {
        "de" => 19,
        "se" => 25,
        _ => 20,
    }
}

pub fn with_tax(country: &str) -> impl Fn(u64) -> u64 {
    let percent = rate_of(country);
    |cents| cents + cents * percent / 100
}

pub fn gross(country: &str, net: &[u64]) -> Vec<u64> {
    net.iter().copied().map(with_tax(country)).collect()
}
