pub struct EventBuffer {
    events: Vec<String>,
    capacity: usize,
}

impl EventBuffer {
    pub fn with_capacity(capacity: usize) -> Self {
        EventBuffer { events: Vec::new(), capacity }
    }

    pub fn record(&mut self, event: &str) -> Option<String> {
        self.events.push(event.to_string());
        if self.events.len() <= self.capacity {
            return None;
        }
        let oldest = &self.events[0];
        self.events.remove(0);
        Some(format!("dropped {oldest}"))
    }
}
