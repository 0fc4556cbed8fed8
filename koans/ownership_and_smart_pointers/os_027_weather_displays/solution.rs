use std::sync::{Arc, Mutex, Weak};

#[derive(Default)]
pub struct Display {
    pub degrees: Mutex<f32>,
}

#[derive(Default)]
pub struct Station {
    displays: Vec<Weak<Display>>,
}

impl Station {
    pub fn connect(&mut self) -> Arc<Display> {
        let display = Arc::new(Display::default());
        self.displays.push(Arc::downgrade(&display));
        display
    }

    /// How many displays there were to show it.
    pub fn measured(&mut self, degrees: f32) -> usize {
        self.displays.retain(|known| {
            if let Some(display) = known.upgrade() {
                *display.degrees.lock().unwrap() = degrees;
                return true;
            }
            false
        });
        self.displays.len()
    }
}
