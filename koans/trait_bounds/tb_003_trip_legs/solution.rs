#[derive(Clone, Debug)]
pub struct Leg {
    pub to: String,
    pub km: u32,
}

#[derive(Clone, Debug)]
pub struct Trip {
    pub legs: Vec<Leg>,
}

impl Trip {
    pub fn km(&self) -> u32 {
        self.legs.iter().map(|leg| leg.km).sum()
    }

    pub fn record(&self) -> String {
        format!("{} km: {:?}", self.km(), self.legs)
    }
}
