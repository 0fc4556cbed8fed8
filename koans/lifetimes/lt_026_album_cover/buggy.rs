pub struct Picture {
    pub file: String,
    pub stars: u8,
}

pub fn cover<'p, 'd>(pictures: &'p [Picture], default: &'d Picture) -> &'p Picture {
    let mut chosen = default;
    for picture in pictures {
        if picture.stars > chosen.stars {
            chosen = picture;
        }
    }
    chosen
}
