pub struct Ferry {
    pub metres: f32,
}

impl Ferry {
    pub fn boarding(&self, queue: &[f32]) -> Vec<f32> {
        let mut free = self.metres;
        queue
            .iter()
            .take_while(|length| {
                free -= **length + 0.5;
                free >= 0.0
            })
            .collect()
    }
}
