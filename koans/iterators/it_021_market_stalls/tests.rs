#[cfg(test)]
mod tests {
    use super::*;

    fn stall(owner: &str, goods: &[&'static str], fresh: bool) -> Stall {
        Stall { owner: owner.to_string(), goods: goods.to_vec(), fresh }
    }

    #[test]
    fn fresh_ones_longest_first() {
        let stalls = vec![stall("Ada", &["figs"], true), stall("Bo", &["oil"], false), stall("Cy", &["kale", "leek"], true)];
        let market = Market { stalls };
        assert_eq!(market.board(), "Cy (kale+leek), Ada (figs)");
        assert_eq!(market.goods(), 4);
    }

    #[test]
    fn empty_stalls_are_not_named() {
        assert_eq!(Market { stalls: vec![stall("Di", &[], true)] }.board(), "");
    }
}
