pub fn is_leap(year: i32) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

pub fn leap_years(from: i32, to: i32) -> usize {
    let (first, last) = if from <= to { (from, to) } else { (to, from) };
    (first..=last).filter(|year| is_leap(*year)).count()
}

pub fn days(year: i32) -> u16 {
    if is_leap(year) { 366 } else { 365 }
}
