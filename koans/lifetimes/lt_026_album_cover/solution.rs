pub struct Picture {
    pub file: String,
    pub stars: u8,
}

pub fn cover<'p>(pictures: &'p [Picture], default: &'p Picture) -> &'p Picture {
    let mut chosen = default;
    for picture in pictures {
        if picture.stars > chosen.stars {
            chosen = picture;
        }
    }
    chosen
}
