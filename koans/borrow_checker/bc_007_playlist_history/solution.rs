pub struct Playlist {
    pub queue: Vec<String>,
    pub history: Vec<String>,
}

impl Playlist {
    pub fn new(tracks: &[&str]) -> Playlist {
        let queue = tracks.iter().map(|t| t.to_string()).collect();
        Playlist { queue, history: Vec::new() }
    }

    pub fn play_next(&mut self) -> Option<String> {
        if self.queue.is_empty() {
            return None;
        }
        let track = self.queue.remove(0);
        self.history.push(track.clone());
        Some(track)
    }
}
