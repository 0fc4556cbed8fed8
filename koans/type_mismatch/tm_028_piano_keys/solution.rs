const NAMES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub struct Key(pub u8);

impl Key {
    pub fn name(self) -> String {
        format!("{}{}", NAMES[usize::from(self.0 % 12)], self.0 / 12)
    }

    pub fn is_black(self) -> bool {
        NAMES[usize::from(self.0 % 12)].ends_with('#')
    }

    pub fn hertz(self) -> f64 {
        let steps = f64::from(self.0) - 57.0;
        440.0 * 2f64.powf(steps / 12.0)
    }
}

pub fn chord(root: Key) -> String {
    let keys = [root, Key(root.0 + 4), Key(root.0 + 7)];
    keys.map(Key::name).join(" ")
}
