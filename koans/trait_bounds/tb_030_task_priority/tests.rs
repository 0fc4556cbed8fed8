#[cfg(test)]
mod tests {
    use super::*;

    fn task(priority: Priority) -> Task {
        Task { title: "t".to_string(), priority }
    }

    #[test]
    fn urgent_interrupts() {
        assert!(interrupts(&task(Priority::Urgent), Some(&task(Priority::Normal))));
        assert!(!interrupts(&task(Priority::Low), Some(&task(Priority::Normal))));
        assert!(!interrupts(&task(Priority::Low), Some(&task(Priority::Low))));
    }

    #[test]
    fn idle_takes_anything() {
        assert!(interrupts(&task(Priority::Low), None));
    }
}
