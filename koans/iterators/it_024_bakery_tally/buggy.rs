pub struct Batch {
    pub name: &'static str,
    pub loaves: u32,
    pub burnt: u32,
}

pub fn closing_line(batches: &[Batch], price_cents: u32) -> String {
    let good = batches.iter().map(|batch| batch.loaves.saturating_sub(batch.burnt)).sum();
    let best = batches.iter().max_by_key(|batch| batch.loaves).map_or("-", |batch| batch.name);
    format!("{good} sold, {} cents, most of it {best}", good * price_cents)
}

pub fn all_burnt(batches: &[Batch]) -> bool {
    !batches.is_empty() && batches.iter().all(|batch| batch.burnt >= batch.loaves)
}
