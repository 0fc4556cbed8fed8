pub trait Trip {
    fn cents(&self) -> u32;
    fn minutes(&self) -> u32;

    fn fits(&self, purse: u32) -> bool {
        self.cents() <= purse && self.minutes() < 120
    }
}

pub struct Train {
    pub stops: u32,
}

impl Trip for Train {
    fn cents(&self) -> u32 {
        900 - 50 * self.stops
    }

    fn minutes(&self) -> u32 {
        60 + 8 * self.stops
    }
}

pub fn first_fitting<T: Trip>(trips: &[T], purse: u32) -> Option<(usize, &T)> {
    let mut numbered = trips.iter().enumerate();
    numbered.find(|(_, trip)| trip.fits(purse))
}
