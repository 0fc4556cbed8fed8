#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_by_percent() {
        assert_eq!(remark(40, 38), Some("excellent"));
        assert_eq!(remark(40, 20), Some("passed"));
        assert_eq!(remark(40, 0), Some("try again"));
    }

    #[test]
    fn too_many_points() {
        assert_eq!(remark(40, 41), None);
        assert_eq!(Exam { maximum: 50 }.percent(25), 50);
    }
}
