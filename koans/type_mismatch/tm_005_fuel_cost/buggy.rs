pub struct Car {
    pub litres_per_100: f64,
    pub seats: u8,
}

pub fn fuel_cost(car: &Car, km: u32, price: f64, and_back: bool) -> f64 {
    let ways = if and_back { 2.0 } else { 1.0 };
    let litres = car.litres_per_100 * km / 100.0;
    litres * price * ways
}

pub fn per_head(car: &Car, km: u32, price: f64) -> f64 {
    fuel_cost(car, km, price, true) / f64::from(car.seats.max(1))
}
