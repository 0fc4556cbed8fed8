use std::collections::BTreeMap;

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub votes: u64,
    pub stations: u32,
}

pub fn tally(counts: &[(&str, u64)]) -> BTreeMap<String, Tally> {
    let mut parties = BTreeMap::new();
    for (party, votes) in counts {
        let entry = parties.entry(party.to_string()).or_insert_with(Tally::default);
        entry.votes += votes;
        entry.stations += 1;
    }
    parties
}
