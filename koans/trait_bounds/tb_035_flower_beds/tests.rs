#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_a_bed() {
        let bed = Rectangle { width: 2.0, length: 3.0 };
        assert_eq!((bed.area(), bed.fence()), (6.0, 10.0));
    }

    #[test]
    fn orders_soil() {
        let beds: Vec<Box<dyn Bed>> = vec![
            Box::new(Rectangle { width: 2.0, length: 2.0 }),
            Box::new(Rectangle { width: 1.0, length: 3.0 }),
        ];
        assert_eq!(bags_of_soil(&beds), 4);
    }
}
