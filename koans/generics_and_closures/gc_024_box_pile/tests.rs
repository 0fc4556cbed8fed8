#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_on_large() {
        assert_eq!(stack_up(&[9, 5, 5, 1]), Ok(vec![9, 5, 5, 1]));
        assert_eq!(stack_up(&[4, 7]), Err("7 does not stand on 4".to_string()));
        assert_eq!(stack_up::<u32>(&[]), Ok(vec![]));
    }

    #[test]
    fn numbers_stack_by_size() {
        assert!(3.stacks_on(&3) && !4.stacks_on(&3));
    }
}
