pub struct Bed {
    pub every_days: u32,
    pub litres: u32,
}

pub fn water(beds: &mut [Bed], day: u32) -> Vec<usize> {
    let mut watered = Vec::new();
    for (number, bed) in beds.iter_mut().enumerate() {
        if bed.every_days > 0 && day % bed.every_days < 1 {
            bed.litres += 5;
            watered.push(number);
        }
    }
    watered
}
