#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_place() {
        let mut words = vec!["ant", "cow"];
        assert_eq!(insert_sorted(&mut words, "bee"), 1);
        assert_eq!(words, ["ant", "bee", "cow"]);
    }

    #[test]
    fn ends_of_the_list() {
        assert_eq!(queue_up(vec![5, 9], 1), [1, 5, 9]);
        assert_eq!(queue_up(vec![5, 9], 12), [5, 9, 12]);
    }
}
