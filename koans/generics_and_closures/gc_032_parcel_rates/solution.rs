pub trait Carrier {
    fn takes(&self, grams: u32) -> bool;
    fn cents(&self, grams: u32) -> u32;
}

pub struct Bike;
pub struct Van;

impl Carrier for Bike {
    fn takes(&self, grams: u32) -> bool {
        grams <= 2_000
    }

    fn cents(&self, grams: u32) -> u32 {
        250 + grams / 10
    }
}

impl Carrier for Van {
    fn takes(&self, grams: u32) -> bool {
        grams <= 30_000
    }

    fn cents(&self, _grams: u32) -> u32 {
        990
    }
}

pub fn postage(grams: u32) -> Option<u32> {
    let carriers: [Box<dyn Carrier>; 2] = [Box::new(Bike), Box::new(Van)];
    let first = carriers.iter().find(|carrier| carrier.takes(grams))?;
    Some(first.cents(grams))
}
