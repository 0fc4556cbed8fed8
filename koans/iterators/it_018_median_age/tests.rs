#[cfg(test)]
mod tests {
    use super::*;

    fn club(ages: &[u8]) -> Vec<Member> {
        ages.iter().map(|age| Member { name: format!("m{age}"), age: *age }).collect()
    }

    #[test]
    fn children_do_not_count() {
        assert_eq!(median_age(&club(&[70, 9, 31, 44, 12])), Some(44));
    }

    #[test]
    fn only_children() {
        assert_eq!(median_age(&club(&[9, 12])), None);
        assert_eq!(youngest(&club(&[12, 9])), Some("m9"));
        assert_eq!(youngest(&[]), None);
    }
}
