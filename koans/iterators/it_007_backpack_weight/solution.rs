pub struct Gear {
    pub name: &'static str,
    pub grams: u32,
    pub worn: bool,
}

pub fn too_heavy(gear: &[Gear], hiker_kg: u32) -> bool {
    let carried = gear.iter().filter(|g| !g.worn).map(|g| g.grams);
    carried.sum::<u32>() > hiker_kg * 200
}

pub fn heaviest(gear: &[Gear]) -> &'static str {
    gear.iter().max_by_key(|g| g.grams).map_or("nothing", |g| g.name)
}
