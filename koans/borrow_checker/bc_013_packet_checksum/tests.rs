#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_payload() {
        let packet = seal(vec![1, 2, 4]);
        assert_eq!(packet.payload, [1, 2, 4]);
        assert_eq!(packet.sum, 7);
    }

    #[test]
    fn equal_bytes_cancel() {
        assert_eq!(seal(vec![9, 9]).sum, 0);
        assert_eq!(seal(vec![]).sum, 0);
    }
}
