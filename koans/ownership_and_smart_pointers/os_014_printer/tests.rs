#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_come() {
        let mut printer = Printer::default();
        printer.submit("map", 2);
        printer.submit("plan", 5);
        assert_eq!(printer.finish(), Some(Job { title: "map".to_string(), pages: 2 }));
        assert_eq!(printer.finish().unwrap().title, "plan");
        assert_eq!(printer.finish(), None);
        assert_eq!(printer.printed, 7);
    }
}
