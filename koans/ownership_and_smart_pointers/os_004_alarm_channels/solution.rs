pub trait Channel {
    fn alarm(&self, what: &str) -> String;
}

struct Mail {
    address: String,
}

struct Pager(u32);

impl Channel for Mail {
    fn alarm(&self, what: &str) -> String {
        format!("mail to {}: {}", self.address, what)
    }
}

impl Channel for Pager {
    fn alarm(&self, what: &str) -> String {
        format!("page {:04}: {}", self.0, what.to_uppercase())
    }
}

pub fn channel_for(address: &str) -> Option<Box<dyn Channel>> {
    if let Ok(number) = address.parse() {
        return Some(Box::new(Pager(number)));
    }
    if address.contains('@') {
        return Some(Box::new(Mail { address: address.to_string() }));
    }
    None
}
