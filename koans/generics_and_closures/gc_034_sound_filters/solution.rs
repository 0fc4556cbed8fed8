use std::rc::Rc;

pub trait Filter {
    fn apply(&self, sample: f32) -> f32;
}

pub struct Gain(pub f32);

impl Filter for Gain {
    fn apply(&self, sample: f32) -> f32 {
        self.0 * sample
    }
}

pub struct Twice {
    pub inner: Rc<dyn Filter>,
}

impl Filter for Twice {
    fn apply(&self, sample: f32) -> f32 {
        let once = self.inner.apply(sample);
        self.inner.apply(once).clamp(-1.0, 1.0)
    }
}
