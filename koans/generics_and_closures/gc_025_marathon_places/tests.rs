#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_time() {
        let runners = [("Ola", 400), ("Kim", 331), ("Eve", 340)]
            .iter()
            .map(|(name, seconds)| Runner { name: name.to_string(), seconds: *seconds })
            .collect();
        assert_eq!(result_list(runners), ["1. Kim +0:00", "2. Eve +0:09", "3. Ola +1:09"]);
        assert!(result_list(vec![]).is_empty());
    }
}
