#[derive(PartialEq, Eq)]
pub enum Status {
    Paid,
    Packed,
    Shipped,
}

pub struct Order {
    pub number: u32,
    pub status: Status,
}

pub fn to_pack(orders: &[Order]) -> Vec<u32> {
    let open = orders.iter().filter(|order| order.status == Status::Paid);
    open.map(|order| order.number).collect()
}
