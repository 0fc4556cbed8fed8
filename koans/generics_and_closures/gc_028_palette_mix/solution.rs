#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Colour(pub [u8; 3]);

impl Colour {
    pub fn mix(self, other: Colour, percent: u32) -> Colour {
        let mut mixed = [0; 3];
        let channels = self.0.into_iter().zip(other.0);
        channels.enumerate().for_each(|(i, (a, b))| {
            let sum = u32::from(a) * (100 - percent) + u32::from(b) * percent;
            mixed[i] = (sum / 100) as u8;
        });
        Colour(mixed)
    }

    pub fn hex(self) -> String {
        let [red, green, blue] = self.0;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}
