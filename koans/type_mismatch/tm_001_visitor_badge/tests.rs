#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_company() {
        let visitor = sign_in("Ines of Hill Bakery", 9);
        assert_eq!(visitor.name, "Ines");
        assert_eq!(visitor.company, "Hill Bakery");
        assert_eq!(visitor.hour, 9);
    }

    #[test]
    fn without_company() {
        let visitor = sign_in("Tom", 31);
        assert_eq!(visitor, Visitor { name: "Tom".to_string(), company: "-".to_string(), hour: 23 });
    }
}
