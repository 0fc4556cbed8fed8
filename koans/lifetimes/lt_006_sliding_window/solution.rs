pub struct Window<'a> {
    pub samples: &'a [f64],
    pub size: usize,
}

pub fn smooth(window: &Window) -> Vec<f64> {
    window
        .samples
        .windows(window.size)
        .map(|part| part.iter().sum::<f64>() / window.size as f64)
        .collect()
}
