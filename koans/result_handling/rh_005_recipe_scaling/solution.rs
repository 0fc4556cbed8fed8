pub fn scale(grams: &[u32], guests: u32, wanted: u32) -> Result<Vec<u32>, String> {
    match (guests, wanted) {
        (0, _) => Err("a recipe serves somebody".to_string()),
        (_, 0) => Ok(Vec::new()),
        (from, to) => {
            let mut scaled = Vec::with_capacity(grams.len());
            for gram in grams {
                let portion = gram * to / from;
                scaled.push(portion.max(1));
            }
            Ok(scaled)
        }
    }
}
