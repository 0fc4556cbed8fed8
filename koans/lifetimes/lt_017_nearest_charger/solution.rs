pub struct Station {
    pub name: String,
    pub x: i64,
    pub y: i64,
}

pub fn nearest<'a>(stations: &'a [Station], car: &(i64, i64)) -> Option<&'a Station> {
    stations.iter().min_by_key(|s| (s.x - car.0).pow(2) + (s.y - car.1).pow(2))
}

pub fn within(station: &Station, car: (i64, i64), range: i64) -> bool {
    (station.x - car.0).abs() + (station.y - car.1).abs() <= range
}
