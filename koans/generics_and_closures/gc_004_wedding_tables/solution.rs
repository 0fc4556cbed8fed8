use std::collections::BTreeMap;

#[derive(Debug, Clone)]
pub struct Guest {
    pub name: String,
    pub age: u32,
}

pub fn seat_by<K: Ord, F: Fn(&Guest) -> K>(guests: &[Guest], table: F) -> BTreeMap<K, Vec<String>> {
    let mut seated: BTreeMap<K, Vec<String>> = BTreeMap::new();
    for guest in guests {
        let place = seated.entry(table(guest)).or_default();
        place.push(guest.name.clone());
        place.sort();
    }
    seated
}
