pub trait Die {
    const SIDES: u32;

    fn read(side: u32) -> String;
}

pub struct Coin;

impl Die for Coin {
    const SIDES: u32 = 2;

    fn read(side: u32) -> String {
        let names = ["tails", "heads"];
        names[side as usize].to_string()
    }
}

pub fn throw<D: Die>(seed: u32, sides: u32) -> String {
    let mixed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345) >> 16;
    D::read(mixed % sides)
}

pub fn flips(seeds: &[u32]) -> Vec<String> {
    seeds.iter().map(|&seed| throw::<Coin>(seed, Coin::SIDES)).collect()
}
