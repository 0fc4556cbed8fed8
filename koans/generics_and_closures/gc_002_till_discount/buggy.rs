pub struct Basket {
    pub prices: Vec<u32>,
    pub member: bool,
}

pub struct Till<R> {
    discount: R,
    sold: u32,
}

impl<R> Till<R> {
    pub fn new(discount: R) -> Till<R> {
        Till { discount, sold: 0 }
    }

    pub fn checkout(&mut self, basket: &Basket) -> u32 {
        let full: u32 = basket.prices.iter().sum();
        let due = full.saturating_sub((self.discount)(basket));
        self.sold += due;
        due
    }

    pub fn sold(&self) -> u32 {
        self.sold
    }
}
