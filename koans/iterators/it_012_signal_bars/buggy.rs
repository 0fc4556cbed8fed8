pub const SILENCE: i16 = -110;

pub fn was_lost(levels: &[i16]) -> bool {
    levels.any(|level| *level < SILENCE)
}

pub fn drops(levels: &[i16]) -> usize {
    levels.windows(2).filter(|pair| pair[1] < pair[0]).count()
}

pub fn quality(levels: &[i16]) -> &'static str {
    match (was_lost(levels), drops(levels)) {
        (true, _) => "lost",
        (false, 0) => "stable",
        (false, _) => "shaky",
    }
}
