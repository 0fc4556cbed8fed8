use std::collections::HashSet;

#[derive(Debug, Eq, PartialEq)]
pub struct Seat {
    pub row: char,
    pub number: u8,
}

#[derive(Default)]
pub struct Screening {
    pub sold: HashSet<Seat>,
}

impl Screening {
    pub fn sell(&mut self, row: char, number: u8) -> Result<usize, String> {
        let seat = Seat { row, number };
        if self.sold.contains(&seat) {
            return Err(format!("{row}{number} is taken"));
        }
        self.sold.insert(seat);
        Ok(self.sold.len())
    }
}
