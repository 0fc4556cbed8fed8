pub struct Bar<'a>(pub &'a [u32], pub u32);

/// Notes are counted in sixteenths.
pub fn missing(bar: &Bar) -> u32 {
    let played: u32 = bar.0.iter().sum();
    bar.1.saturating_sub(played)
}

pub fn complete(bars: &[Bar]) -> usize {
    bars.iter().filter(|bar| missing(bar) == 0).count()
}
