use std::collections::{BTreeSet, HashSet};

pub fn wishes(list: &str) -> HashSet<String> {
    list.split(';').map(|title| title.trim().to_lowercase()).collect()
}

pub fn in_common(mine: &str, yours: &str) -> BTreeSet<String> {
    let (mine, yours) = (wishes(mine), wishes(yours));
    mine.intersection(&yours).filter(|title| !title.is_empty()).cloned().collect()
}
