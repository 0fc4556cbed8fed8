#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weighs_bases() {
        assert_eq!(Strand { bases: b"GATC" }.score(), 10);
    }

    #[test]
    fn finds_the_best_window() {
        assert_eq!(most_stable(b"ATGCAT", 2), 6);
        assert_eq!(most_stable(b"AT", 5), 0);
    }
}
