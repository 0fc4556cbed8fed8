/// The deck is cut in the middle; card by card the halves change places.
pub fn exchange(deck: &mut [u8]) {
    let middle = deck.len() / 2;
    let top = &mut deck[..middle];
    let bottom = &mut deck[middle..];
    top.swap_with_slice(&mut bottom[..middle]);
}

pub fn weave(deck: &[u8]) -> Vec<u8> {
    let (top, bottom) = deck.split_at(deck.len().div_ceil(2));
    let mut woven = Vec::with_capacity(deck.len());
    for (n, card) in top.iter().enumerate() {
        woven.push(*card);
        woven.extend(bottom.get(n));
    }
    woven
}
