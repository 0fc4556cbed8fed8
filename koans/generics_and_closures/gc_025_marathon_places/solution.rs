pub struct Runner {
    pub name: String,
    pub seconds: u32,
}

pub fn result_list(mut runners: Vec<Runner>) -> Vec<String> {
    runners.sort_by_key(|runner| runner.seconds);
    let fastest = runners.first().map_or(0, |runner| runner.seconds);
    runners
        .iter()
        .enumerate()
        .map(|(place, runner)| {
            let gap = runner.seconds - fastest;
            format!("{}. {} +{}:{:02}", place + 1, runner.name, gap / 60, gap % 60)
        })
        .collect()
}
