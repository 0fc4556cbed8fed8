#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computes() {
        let mut machine = Machine::new(vec![2, 10, 4]);
        assert_eq!(machine.apply('-'), Ok(6));
        assert_eq!(machine.apply('*'), Ok(12));
    }

    #[test]
    fn runs_out_of_numbers() {
        let mut machine = Machine::new(vec![1]);
        assert_eq!(machine.apply('+'), Err("+ needs two numbers".to_string()));
    }

    #[test]
    fn knows_its_operators() {
        assert_eq!(Machine::new(vec![1, 2]).apply('%'), Err("unknown operator %".to_string()));
    }
}
