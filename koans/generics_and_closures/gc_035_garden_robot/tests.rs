#[cfg(test)]
mod tests {
    use super::*;

    struct Dig(u32);

    impl Task for Dig {
        fn work(&mut self) -> u32 {
            self.0 -= 1;
            self.0
        }

        fn name(&self) -> String {
            "dig".to_string()
        }
    }

    #[test]
    fn tasks_end() {
        let mut robot = Robot::default();
        robot.plan.push(Box::new(Dig(1)));
        robot.plan.push(Box::new(Dig(2)));
        assert_eq!(robot.day(), 1);
        assert_eq!(robot.day(), 0);
        assert_eq!(robot.diary, ["dig done", "dig done"]);
    }
}
