pub struct Slot {
    pub price: u32,
    pub left: u32,
}

pub fn buy(slots: &mut [Slot], button: usize, coins: u32) -> Result<u32, String> {
    match slots.get_mut(button) {
        None => Err("no such button".to_string()),
        Some(slot) if slot.left == 0 => Err("sold out".to_string()),
        Some(slot) if coins < slot.price => Err(format!("{} missing", slot.price - coins)),
        Some(slot) => {
            slot.left -= 1;
            Ok(coins - slot.price)
        }
    }
}
