#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_plain_fields() {
        assert_eq!(csv_line(&["id", "name", "age"]), "id,name,age");
    }

    #[test]
    fn quotes_commas_and_quotes() {
        assert_eq!(csv_line(&["a,b", "say \"hi\""]), "\"a,b\",\"say \"\"hi\"\"\"");
    }
}
