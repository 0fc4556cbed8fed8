#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_urgent_first() {
        let mut printer = Printer::new(vec![Job { urgency: 1, title: "poster".to_string() }]);
        printer.add(9, "ticket");
        printer.add(5, "letter");
        assert_eq!(printer.print_next().as_deref(), Some("1: ticket"));
        assert_eq!(printer.print_next().as_deref(), Some("2: letter"));
        assert_eq!(printer.print_next().as_deref(), Some("3: poster"));
        assert_eq!(printer.print_next(), None);
    }
}
