#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_up_as_far_as_needed() {
        let head = hire("Ida", 10_000, None);
        let lead = hire("Bo", 500, Some(&head));
        let clerk = hire("Cy", 50, Some(&lead));
        assert_eq!(signer(&clerk, 20).unwrap().name, "Cy");
        assert_eq!(signer(&clerk, 51).unwrap().name, "Bo");
        assert_eq!(signer(&clerk, 9_000).unwrap().name, "Ida");
        assert!(signer(&clerk, 20_000).is_none());
    }
}
