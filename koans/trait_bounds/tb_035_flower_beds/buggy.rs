pub trait Bed {
    fn area(&self) -> f64;
    fn fence(&self) -> f64;
}

pub struct Rectangle {
    pub width: f64,
    pub length: f64,
}

impl Bed for Rectangle {
    fn area(&self) -> f64 {
        self.width * self.length
    }
}

pub fn bags_of_soil(beds: &[Box<dyn Bed>]) -> u32 {
    beds.iter().map(|bed| bed.area() / 2.0).sum::<f64>().ceil() as u32
}
