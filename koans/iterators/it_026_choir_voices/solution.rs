use std::collections::BTreeMap;

pub struct Choir {
    pub singers: Vec<(String, char)>,
}

impl Choir {
    pub fn voices(&self) -> BTreeMap<char, usize> {
        let mut count = BTreeMap::new();
        for (_, voice) in &self.singers {
            *count.entry(*voice).or_insert(0) += 1;
        }
        count
    }

    /// Those who have their voice to themselves.
    pub fn soloists(&self) -> Vec<&str> {
        let voices = self.voices();
        let alone = |voice: &char| voices.get(voice) == Some(&1);
        self.singers.iter().filter(|(_, voice)| alone(voice)).map(|(name, _)| name.as_str()).collect()
    }
}
