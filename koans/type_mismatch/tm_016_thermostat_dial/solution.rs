pub struct Heating {
    pub limits: (i8, i8),
}

impl Heating {
    pub fn turn(&self, dial: &mut i8, by: i8) -> bool {
        let wanted = dial.saturating_add(by);
        let (low, high) = self.limits;
        if wanted < low || wanted > high {
            return false;
        }
        *dial = wanted;
        true
    }
}

pub fn warm_up(heating: &Heating, dial: &mut i8) -> u32 {
    let mut clicks = 0;
    while heating.turn(dial, 1) {
        clicks += 1;
    }
    clicks
}
