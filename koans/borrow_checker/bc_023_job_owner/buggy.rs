pub struct Job {
    pub id: u32,
    pub owner: Option<String>,
    pub team: String,
}

impl Job {
    pub fn responsible(&self) -> String {
        let name = self.owner.unwrap_or_else(|| format!("team {}", self.team));
        format!("job {} belongs to {name}", self.id)
    }
}
