#[derive(Debug, PartialEq)]
pub struct Sale {
    pub winner: String,
    pub price: u64,
}

pub fn settle(bids: &[(String, u64)], reserve: u64) -> Option<Sale> {
    let mut highest: Option<&(String, u64)> = None;
    let mut price = reserve;
    for bid in bids.iter().filter(|(_, amount)| *amount >= reserve) {
        match highest {
            Some((_, best)) if *best >= bid.1 => price = price.max(bid.1),
            Some((_, best)) => {
                price = *best;
                highest = Some(bid);
            }
            None => highest = Some(bid),
        }
    }
    highest.map(|(name, _)| Sale { winner: name.clone(), price })
}
