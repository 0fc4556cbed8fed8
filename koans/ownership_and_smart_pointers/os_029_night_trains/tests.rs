#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_the_hours() {
        let (graz, wien, brno, praha) =
            (Station::open("Graz"), Station::open("Wien"), Station::open("Brno"), Station::open("Praha"));
        graz.connect(&wien, 3);
        wien.connect(&brno, 2);
        graz.connect(&praha, 9);
        assert_eq!(reachable(&graz, 5), ["Graz", "Wien", "Brno"]);
        assert_eq!(reachable(&graz, 4), ["Graz", "Wien"]);
        drop(wien);
        assert_eq!(reachable(&graz, 9), ["Graz", "Praha"]);
    }
}
