pub trait Score {
    fn score(&self) -> u32;
}

pub struct Strand<'a> {
    pub bases: &'a [u8],
}

impl Score for Strand<'_> {
    fn score(&self) -> u32 {
        self.bases.iter().map(|base| if b"GC".contains(base) { 3 } else { 2 }).sum()
    }
}

pub fn most_stable(genome: &[u8], length: usize) -> u32 {
    genome.windows(length).map(|bases| Strand { bases }.score()).max().unwrap_or(0)
}
