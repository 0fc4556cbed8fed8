pub struct Item {
    pub name: String,
    pub cents: u32,
}

pub struct Cart {
    pub items: Vec<Item>,
}

pub fn discount(cart: &mut Cart, percent: u32) -> u32 {
    let mut saved = 0;
    for item in cart.items.iter_mut() {
        let off = item.cents * percent / 100;
        item.cents -= off;
        saved += off;
    }
    saved
}
