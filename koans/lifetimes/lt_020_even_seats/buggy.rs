pub fn even_seats(seats: &[u32]) -> &[u32] {
    &seats.iter().copied().filter(|seat| seat % 2 == 0).collect::<Vec<u32>>()
}

/// Even seats are on the left side of the aisle.
pub fn left_share(seats: &[u32]) -> f64 {
    if seats.is_empty() {
        return 0.0;
    }
    even_seats(seats).len() as f64 / seats.len() as f64
}
