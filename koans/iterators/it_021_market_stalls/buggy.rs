pub struct Stall {
    pub owner: String,
    pub goods: Vec<&'static str>,
    pub fresh: bool,
}

pub struct Market {
    pub stalls: Vec<Stall>,
}

impl Market {
    /// What a board at the entrance says, the longest names first.
    pub fn board(&self) -> String {
        let mut names: Vec<String> = self
            .stalls
            .iter()
            .filter(|stall| stall.fresh && !stall.goods.is_empty())
            .map(|stall| format!("{} ({})", stall.owner, stall.goods.join("+")));
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        names.join(", ")
    }

    pub fn goods(&self) -> usize {
        self.stalls.iter().map(|stall| stall.goods.len()).sum()
    }
}
