pub struct Track {
    pub title: &'static str,
    pub seconds: u32,
    next: Option<Box<Track>>,
}

#[derive(Default)]
pub struct Playlist {
    first: Option<Box<Track>>,
}

impl Playlist {
    /// Puts a track before all others.
    pub fn prepend(&mut self, title: &'static str, seconds: u32) {
        let next = self.first.take();
        self.first = Some(Box::new(Track { title, seconds, next }));
    }

    pub fn nth(&self, n: usize) -> Option<(&Track, u32)> {
        let mut waited = 0;
        let mut track = self.first.as_deref()?;
        for _ in 0..n {
            waited += track.seconds;
            let following: Option<&Track> = track.next.as_deref();
            track = following?;
        }
        Some((track, waited))
    }
}
