#[derive(Debug, Default, PartialEq)]
pub struct Chamber {
    pub level_cm: i32,
    pub ships: Vec<String>,
}

pub struct Lock {
    pub chambers: [Chamber; 2],
}

impl Lock {
    pub fn chamber(&mut self, upper: bool) -> &mut Chamber {
        &mut self.chambers[usize::from(upper)]
    }

    /// Opens the middle gate: ships go down, the water meets halfway.
    pub fn open_gate(&mut self) -> i32 {
        let upper = self.chamber(true);
        let (high, ships) = (upper.level_cm, std::mem::take(&mut upper.ships));
        let lower = self.chamber(false);
        let level = (high + lower.level_cm) / 2;
        lower.level_cm = level;
        lower.ships.extend(ships);
        upper.level_cm = level;
        level
    }
}
