pub struct Exam {
    pub maximum: u32,
}

impl Exam {
    pub fn percent(&self, points: u32) -> u32 {
        points * 100 / self.maximum
    }
}

pub fn remark(maximum: u32, points: u32) -> Option<&str> {
    if points > maximum {
        return None;
    }
    match (Exam { maximum }).percent(points) {
        90..=100 => Some("excellent"),
        50..=89 => Some("passed"),
        _ => Some("try again"),
    }
}
