#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    Number(u8),
    Jack,
    Queen,
    King,
}

/// The place of the player with the highest card; the first one wins a draw.
pub fn winner(trick: &[Rank]) -> Option<usize> {
    let mut best = 0;
    for (place, card) in trick.iter().enumerate() {
        if *card > trick[best] {
            best = place;
        }
    }
    if trick.is_empty() {
        None
    } else {
        Some(best)
    }
}
