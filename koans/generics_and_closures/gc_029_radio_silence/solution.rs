#[derive(Debug, Clone, Copy)]
pub struct Signal {
    pub start: u32,
    pub end: u32,
}

/// The silences between one signal and the next: where they begin, and how long they last.
pub fn silences(signals: &[Signal]) -> impl Iterator<Item = (u32, u32)> + '_ {
    let later = signals.iter().skip(1);
    signals.iter().zip(later).map(|(one, next)| (one.end, next.start - one.end))
}

pub fn when_to_speak(signals: &[Signal]) -> Option<u32> {
    let longest = silences(signals).max_by_key(|gap| gap.1);
    longest.map(|(begin, length)| begin + length / 2)
}
