pub struct Playlist {
    pub songs: Vec<String>,
    pub playing: usize,
    pub repeat: bool,
}

impl Playlist {
    pub fn skip(&mut self) -> Option<&str> {
        if self.songs.is_empty() {
            return None;
        }
        self.playing += 1;
        if self.playing >= self.songs.len() {
            if !self.repeat {
                return None;
            }
            self.playing = 0;
        }
        Some(&self.songs[self.playing])
    }
}
