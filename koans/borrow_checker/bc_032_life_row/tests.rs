#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_cells() {
        assert_eq!(draw(&[true, false, true]), "#.#");
        assert_eq!(draw(&[]), "");
    }

    #[test]
    fn counts_neighbours() {
        let row = [true, true, false, true];
        assert_eq!(alive_neighbours(&row, 1), 1);
        assert_eq!(alive_neighbours(&row, 2), 2);
    }
}
