use std::collections::HashMap;

pub struct Scene {
    pub name: String,
    pub levels: HashMap<String, u8>,
}

pub fn brightness(scene: &Scene, lamps: &[&str], dimmer: u8) -> Vec<u8> {
    let mut levels = Vec::with_capacity(lamps.len());
    for lamp in lamps {
        let level: u8 = scene.levels.get(*lamp).copied();
        levels.push(level.min(dimmer));
    }
    levels
}

/// The scene's name and the power it draws, in watts.
pub fn summary(scene: &Scene, lamps: &[&str], watts: u32) -> String {
    let percent: u32 = brightness(scene, lamps, 100).iter().map(|level| u32::from(*level)).sum();
    format!("{}: {} W", scene.name, percent * watts / 100)
}
