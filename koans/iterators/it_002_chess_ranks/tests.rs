#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_round() {
        let view = View { rows: vec!["rnb".to_string(), "PP.".to_string()], black: false };
        let turned = turn(&view);
        assert_eq!(turned.rows, [".PP", "bnr"]);
        assert!(turned.black);
    }

    #[test]
    fn twice_is_home() {
        let view = View { rows: vec!["K..".to_string(), "..q".to_string(), "...".to_string()], black: true };
        assert_eq!(turn(&turn(&view)), view);
    }
}
