use std::num::ParseIntError;

#[derive(Default)]
pub struct Odometer {
    total: u32,
}

impl Odometer {
    pub fn drive(&mut self, trip: &str) -> Result<(), ParseIntError> {
        self.total += trip.trim_end_matches("km").trim().parse::<u32>()?;
        Ok(())
    }

    pub fn needs_service(&self, every: u32) -> bool {
        every > 0 && self.total >= every
    }
}
