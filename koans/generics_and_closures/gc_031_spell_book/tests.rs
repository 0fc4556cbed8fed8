#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_follow_one_another() {
        let mut book = SpellBook::beginner();
        let three = 3;
        book.learn("more", move |n| n + three);
        assert_eq!(book.cast("double more flip", 5), Some(-13));
        assert_eq!(book.cast("", 7), Some(7));
        assert_eq!(book.cast("double sneeze", 5), None);
    }
}
