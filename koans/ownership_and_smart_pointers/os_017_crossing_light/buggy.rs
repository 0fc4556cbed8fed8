#[derive(Debug, PartialEq)]
pub enum Light {
    Stop(u32),
    Walk,
    Broken(String),
}

impl Light {
    fn tick(self) -> Light {
        match self {
            Light::Stop(1) => Light::Walk,
            Light::Stop(seconds) => Light::Stop(seconds - 1),
            Light::Walk => Light::Stop(3),
            broken => broken,
        }
    }
}

pub struct Crossing {
    pub name: &'static str,
    pub light: Option<Light>,
}

impl Crossing {
    pub fn second(&mut self) -> String {
        if let Some(light) = self.light {
            self.light = Some(light.tick());
        }
        format!("{} {:?}", self.name, self.light)
    }
}
