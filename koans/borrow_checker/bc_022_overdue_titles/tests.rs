#[cfg(test)]
mod tests {
    use super::*;

    fn loans() -> Vec<Loan> {
        let loan = |title: &str, days| Loan { title: title.to_string(), days };
        vec![loan("Emma", 30), loan("Dune", 12), loan("Ulysses", 29)]
    }

    #[test]
    fn lists_overdue_only() {
        assert_eq!(overdue_titles(&loans(), 28), ["Emma", "Ulysses"]);
    }

    #[test]
    fn adds_up_fines() {
        assert_eq!(fine_cents(&loans(), 28), 60);
    }
}
