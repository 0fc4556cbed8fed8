use std::cell::RefCell;

pub trait Messenger {
    fn send(&self, text: &str);
}

#[derive(Default)]
pub struct Recorder {
    pub sent: RefCell<Vec<String>>,
}

impl Messenger for Recorder {
    fn send(&self, text: &str) {
        let mut log = self.sent.borrow();
        let number = log.len() + 1;
        log.push(format!("{number}. {text}"));
    }
}

pub fn watch(messenger: &dyn Messenger, used: &[u32], quota: u32) -> u32 {
    let mut total = 0;
    for amount in used {
        let before = total;
        total += amount;
        if total > quota && before <= quota {
            messenger.send("quota used up");
        } else if total * 10 > quota * 9 && before * 10 <= quota * 9 {
            messenger.send("nearly used up");
        }
    }
    total
}
