#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_as_loud_twice() {
        let twice = Twice { inner: Rc::new(Gain(2.0)) };
        assert_eq!(twice.apply(0.125), 0.5);
        assert_eq!(twice.apply(0.75), 1.0);
    }

    #[test]
    fn filters_nest() {
        let quiet = Rc::new(Twice { inner: Rc::new(Gain(0.5)) });
        assert_eq!(Twice { inner: quiet }.apply(1.0), 0.0625);
    }
}
