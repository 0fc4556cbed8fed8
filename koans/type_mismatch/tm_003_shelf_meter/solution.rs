pub struct Shelf {
    pub width_mm: u32,
    pub books: Vec<u16>,
}

impl Shelf {
    pub fn used(&self) -> u32 {
        let mut sum = 0;
        for thickness in &self.books {
            let mm: u32 = *thickness as u32;
            sum += mm + 1;
        }
        sum
    }

    pub fn fits(&self, thickness: u16) -> bool {
        self.used() + u32::from(thickness) < self.width_mm
    }
}
