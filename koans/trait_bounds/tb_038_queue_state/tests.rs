#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_in_order() {
        let mut queue = PrintQueue { pages: vec![3, 8], paused: false };
        assert_eq!(queue.print_one(), "printed 3 pages");
        assert_eq!(queue.print_one(), "printed 8 pages");
    }

    #[test]
    fn logs_when_idle() {
        let mut queue = PrintQueue { pages: vec![], paused: true };
        assert_eq!(queue.print_one(), "idle: PrintQueue { pages: [], paused: true }");
    }
}
