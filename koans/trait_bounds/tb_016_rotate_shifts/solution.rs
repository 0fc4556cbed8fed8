pub fn rotated<T: Clone>(items: &[T], by: usize) -> Vec<T> {
    let mut out = Vec::with_capacity(items.len());
    for i in 0..items.len() {
        let from = (i + by) % items.len();
        out.push(items[from].clone());
    }
    out
}

pub fn on_duty(crew: &[String], day: usize) -> Option<String> {
    rotated(crew, day).into_iter().next()
}
