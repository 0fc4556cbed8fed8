pub enum Order {
    Drink(&'static str, u32),
    Cake { pieces: u32 },
}

const CAKE: u32 = 350;

pub fn receipt(orders: &[Order]) -> String {
    let mut text = String::new();
    let mut total = 0;
    let mut line = |what: &str, cents: u32| {
        text += &format!("{what:<8}{:>3}.{:02}\n", cents / 100, cents % 100);
        total += cents;
    };
    for order in orders {
        match order {
            Order::Drink(name, cents) => line(name, *cents),
            Order::Cake { pieces } => line("cake", CAKE * pieces),
        }
    }
    format!("{text}total {total}")
}
