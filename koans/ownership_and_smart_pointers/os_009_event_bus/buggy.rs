use std::cell::RefCell;
use std::rc::Rc;

type Handler = Box<dyn Fn(&str)>;

#[derive(Default)]
pub struct Bus {
    handlers: Vec<Handler>,
}

impl Bus {
    pub fn publish(&self, event: &str) {
        for handler in &self.handlers {
            handler(event);
        }
    }

    pub fn listen(&mut self, prefix: &'static str) -> Rc<RefCell<Vec<String>>> {
        let heard = Rc::new(RefCell::new(Vec::new()));
        let ear = heard;
        self.handlers.push(Box::new(move |event| {
            if let Some(rest) = event.strip_prefix(prefix) {
                ear.borrow_mut().push(rest.to_string());
            }
        }));
        heard
    }
}
