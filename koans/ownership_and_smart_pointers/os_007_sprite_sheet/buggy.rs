use std::rc::Rc;

#[derive(Debug)]
pub struct Sheet {
    pub pixels: Vec<u8>,
    pub frame: usize,
}

pub struct Sprite {
    sheet: Rc<Sheet>,
    offset: usize,
}

impl Sprite {
    pub fn brightest(&self) -> u8 {
        let end = (self.offset + self.sheet.frame).min(self.sheet.pixels.len());
        self.sheet.pixels[self.offset..end].iter().copied().max().unwrap_or(0)
    }
}

pub fn cut(sheet: Sheet) -> Vec<Sprite> {
    let count = sheet.pixels.len() / sheet.frame.max(1);
    let shared = Rc::new(sheet);
    let mut sprites = Vec::new();
    for number in 0..count {
        let offset = number * shared.frame;
        sprites.push(Sprite { sheet: shared, offset });
    }
    sprites
}
