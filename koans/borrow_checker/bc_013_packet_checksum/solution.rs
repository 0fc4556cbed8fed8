pub struct Packet {
    pub payload: Vec<u8>,
    pub sum: u8,
}

fn checksum(bytes: Vec<u8>) -> u8 {
    bytes.into_iter().fold(0, |sum, byte| sum ^ byte)
}

pub fn seal(payload: Vec<u8>) -> Packet {
    let sum = checksum(payload.clone());
    Packet { payload, sum }
}
