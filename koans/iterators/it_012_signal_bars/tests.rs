#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss() {
        assert!(was_lost(&[-80, SILENCE - 1, -75]));
        assert!(!was_lost(&[-80, SILENCE]));
        assert_eq!(quality(&[-90, -130]), "lost");
    }

    #[test]
    fn getting_worse() {
        assert_eq!(drops(&[-60, -70, -70, -50, -90]), 2);
        assert_eq!(quality(&[-70, -71]), "shaky");
        assert_eq!(quality(&[-80, -80, -60]), "stable");
    }
}
