pub enum Run {
    Finished(u32),
    Fell,
}

pub fn podium(runs: &[Run]) -> Vec<u32> {
    let mut times = runs
        .iter()
        .filter_map(|run| match run {
            Run::Finished(hundredths) => Some(*hundredths),
            Run::Fell => None,
        })
        .collect::<Vec<u32>>();
    times.sort();
    times.dedup();
    times.truncate(3);
    times
}
