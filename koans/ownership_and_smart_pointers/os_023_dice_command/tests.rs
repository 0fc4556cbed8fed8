#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> String {
        answer(&split(line), |sides| sides / 2)
    }

    #[test]
    fn commands() {
        assert_eq!(said("/roll 20"), "10 of 20");
        assert_eq!(said(" /ROLL"), "3 of 6");
    }

    #[test]
    fn others() {
        assert_eq!(said("/roll 1"), "/roll?");
        assert_eq!(said("hi there"), "hi?");
        assert_eq!(said(""), "");
    }
}
