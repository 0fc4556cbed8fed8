#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paint {
    pub red: u8,
    pub green: u8,
    pub blue: u8,
    pub grams: u32,
}

fn blend(a: u8, b: u8, weight_a: u32, weight_b: u32) -> u8 {
    let total = u32::from(a) * weight_a + u32::from(b) * weight_b;
    (total / (weight_a + weight_b).max(1))
}

impl Paint {
    pub fn mix(self, other: Paint) -> Paint {
        let (mine, theirs) = (self.grams, other.grams);
        Paint {
            red: blend(self.red, other.red, mine, theirs),
            green: blend(self.green, other.green, mine, theirs),
            blue: blend(self.blue, other.blue, mine, theirs),
            grams: mine + theirs,
        }
    }
}
